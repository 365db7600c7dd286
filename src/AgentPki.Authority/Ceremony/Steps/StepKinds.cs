using AgentPki.Authority.Ceremony.Scripts;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Every kind of step that a script may have.</summary>
public static class StepKinds
{
    /// <summary>In the order in which help lists them.</summary>
    public static IReadOnlyList<StepKind> All { get; } =
    [
        new InitialiseTokenStep(),
        new LedgerKeyStep(),
        new RootAuthorityStep(),
        new IssuingAuthorityStep(),
        new IssuingRequestStep(),
        new SignRequestStep(),
        new InstallAuthorityStep(),
        new CrossSignStep(),
        new SuccessorStep(),
        new SuccessionStep(),
        new OcspSignerStep(),
        new TimeStampingSignerStep(),
        new AdministratorsStep(),
        new RevokeAuthorityStep(),
        new RootListStep(),
        new InstallListStep(),
        new OfficerChangeStep(),
        new TransportKeyStep(),
        new KeyBackupStep(),
        new KeyRestoreStep(),
        new MoveAuthorityStep(),
        new CheckKeysStep(),
        new DestroyKeyStep(),
    ];

    public static StepKind? Find(string name) => All.FirstOrDefault(k => k.Name == name);
}
