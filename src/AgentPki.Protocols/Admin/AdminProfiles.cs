using System.Text;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;

namespace AgentPki.Protocols.Admin;

/// <summary>The folder with the profiles' files.</summary>
public interface IProfileFolder
{
    IReadOnlyList<(string File, string Yaml)> Read();

    /// <summary>Writes one, whole or not at all.</summary>
    void Write(string file, ReadOnlySpan<byte> text);
}

/// <summary>New and changed profiles.</summary>
internal static class AdminProfiles
{
    private const int MaximumName = 69;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of("/profiles", "applyProfile", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Writes a new or changed profile, which serves from the next start on.", AdminJson.Default.ApplyProfileCommand, AdminJson.Default.ProfileAppliedView, ApplyAsync)
            .Checking((call, command, _) => ValueTask.FromResult(WhyNot(call, command)), AdminJson.Default.ApplyProfileCommand),
    ];

    private static async ValueTask<Outcome<ProfileAppliedView>> ApplyAsync(AdminCall call, ApplyProfileCommand command, CancellationToken cancellationToken)
    {
        if (WhyNot(call, command) is { } problem || call.Services.Profiles is not { } folder)
        {
            return await call.RefuseAsync<ProfileAppliedView>(WhyNot(call, command) ?? NoFolder, cancellationToken);
        }

        var text = Encoding.UTF8.GetBytes(command.Yaml);
        await call.Services.Authority.ApprovedFiles.ApproveAsync(command.File, text, call.Actor, call.CorrelationId, cancellationToken);
        folder.Write(command.File, text);
        return new Outcome<ProfileAppliedView>.Done(new ProfileAppliedView(command.File, ApprovedFiles.DigestOf(text)));
    }

    /// <summary>The profile is checked together with the others, as the next start would.</summary>
    private static PkiProblem? WhyNot(AdminCall call, ApplyProfileCommand command)
    {
        if (call.Services.Profiles is not { } folder)
        {
            return NoFolder;
        }

        if (command.File.Length > MaximumName || !command.File.EndsWith(".yaml", StringComparison.Ordinal) || command.File.Length == ".yaml".Length || !command.File[..^5].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            return new PkiProblem(PkiProblemKind.MalformedRequest, "'file' must be a file's name: lower-case letters, digits and '-', and .yaml");
        }

        try
        {
            var catalog = ProfileCatalog.Read([.. folder.Read().Where(f => f.File != command.File), (command.File, command.Yaml)]);
            catalog.CheckIssuers([.. call.Services.Authority.Issuers.All.Select(i => new ProfileIssuer(i.Name, i.Certificate.PublicKey.Algorithm))]);
            return null;
        }
        catch (ProfileException failure)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"the profile is wrong: {string.Join("; ", failure.Errors)}");
        }
    }

    private static PkiProblem NoFolder => new(PkiProblemKind.Unavailable, "this appliance keeps its profiles nowhere");
}
