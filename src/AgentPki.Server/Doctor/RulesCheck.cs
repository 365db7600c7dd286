using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Watching;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Doctor;

/// <summary>Rules of the home: whether they can be read, and are those that were approved.</summary>
internal static class RulesCheck
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, IGovernanceStore governance, CancellationToken cancellationToken) =>
    [
        await RunAsync(context, RegistryRules.Kind, context.Home.RegistryRules, "docs/registry.md", rules => rules.RegisteredOnly ? ", registered agents only" : "", governance, cancellationToken),
        await RunAsync(context, WatchRules.Kind, context.Home.WatchRules, "docs/watching.md", rules => rules.Responses.Values.All(r => r == BehaviourResponse.Alert) ? ", alerts only" : "", governance, cancellationToken),
    ];

    /// <param name="path">Where they lie.</param>
    /// <param name="document">Which document says what is built in.</param>
    /// <param name="describe">What of them an operator sees at a glance, behind their digest.</param>
    private static async Task<Finding> RunAsync<T>(DoctorContext context, RulesKind<T> kind, string path, string document, Func<T, string> describe, IGovernanceStore governance, CancellationToken cancellationToken)
        where T : class, IRules
    {
        var check = $"{kind.Verb} rules";
        byte[]? lying;
        try
        {
            lying = new RulesFile(path, isGoverned: !context.Options.Development).Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Finding.Fail(check, $"{path} cannot be read: {error.Message}", "Give it back to the service's user, mode 0600.");
        }

        var approved = (await governance.ListApprovedFilesAsync(cancellationToken)).FirstOrDefault(f => f.Name == kind.ApprovedName)?.Text;
        if (!context.Options.Development && kind.WhyNotApproved(lying, approved) is { } unapproved)
        {
            return Finding.Fail(check, unapproved, "Until then the rules serve that were approved, or those that are built in.");
        }

        if (lying is null)
        {
            return Finding.Ok(check, $"none in the home: those that are built in ({document})");
        }

        return kind.Read(lying, out var errors) is { } rules
            ? Finding.Ok(check, $"SHA-256 {rules.Digest}{describe(rules)}")
            : Finding.Fail(check, string.Join("; ", errors), $"Mend it; until then the rules of before serve. 'agentpki {kind.Verb} check' checks it again.");
    }
}
