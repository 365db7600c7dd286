using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Doctor;

/// <summary>The rules of the registry: whether they can be read, and are those that were approved.</summary>
internal static class RegistryCheck
{
    private const string Check = "registry rules";

    internal static async Task<Finding> RunAsync(DoctorContext context, IGovernanceStore governance, CancellationToken cancellationToken)
    {
        byte[]? lying;
        try
        {
            lying = new RegistryRulesFile(context.Home, isGoverned: !context.Options.Development).Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Finding.Fail(Check, $"{context.Home.RegistryRules} cannot be read: {error.Message}", "Give it back to the service's user, mode 0600.");
        }

        var approved = (await governance.ListApprovedFilesAsync(cancellationToken)).FirstOrDefault(f => f.Name == RegistryRulesKeeper.ApprovedName)?.Text;
        if (!context.Options.Development && RegistryRulesKeeper.WhyNotApproved(lying, approved) is { } unapproved)
        {
            return Finding.Fail(Check, unapproved, "Until then the rules serve that were approved, or those that are built in.");
        }

        if (lying is null)
        {
            return Finding.Ok(Check, "none in the home: those that are built in (docs/registry.md)");
        }

        return RegistryRulesReader.Read(lying, out var errors) is { } rules
            ? Finding.Ok(Check, $"SHA-256 {rules.Digest}{(rules.RegisteredOnly ? ", registered agents only" : "")}")
            : Finding.Fail(Check, string.Join("; ", errors), "Mend it; until then the rules of before serve. 'agentpki registry check' checks it again.");
    }
}
