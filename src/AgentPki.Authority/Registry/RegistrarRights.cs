using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Registry;

/// <summary>Who changes what is registered, and as what.</summary>
/// <param name="IsSeconded">Whether a second person has approved it, or none is wanted of him.</param>
public sealed record Registrar(AdminCaller Caller, bool IsSeconded, string Actor, string CorrelationId);

/// <summary>Which agents an administrator may register, change and review: by their tier and their owner, both as they are and as they are to be.</summary>
internal static class RegistrarRights
{
    public static PkiProblem? WhyNot(AdminCaller caller, AgentRecord? before, AgentRecord after, RegistryRules rules) =>
        (before is null ? null : WhyNot(caller, before.Id, before.Owner, before.Registration.Tier, rules)) ?? WhyNot(caller, after.Id, after.Owner, after.Registration.Tier, rules);

    public static PkiProblem? WhyNot(AdminCaller caller, string agentId, string owner, RiskTier tier, RegistryRules rules)
    {
        var roles = rules.Of(tier).Registrars;
        return WhyNotOwned(caller, owner) is { } foreign ? foreign
            : caller.Roles.Any(r => roles.Contains(r) && (r != AdminRole.Owner || caller.Owners.Contains(owner)))
            ? null
            : new PkiProblem(PkiProblemKind.Unauthorized, $"{agentId} is of tier {tier.Word()}, whose agents {(roles.IsEmpty ? "nobody registers" : $"the role {AdminRoles.Words(roles).Replace(", ", " or ", StringComparison.Ordinal)} registers")} (registry.yaml); {caller.Name} has {AdminRoles.Words(caller.Roles)}");
    }

    /// <summary>Whoever is an owner alone learns nothing of others' agents, not even that they are as he says.</summary>
    public static PkiProblem? WhyNotOwned(AdminCaller caller, string owner) =>
        caller.Roles.Any(r => r is AdminRole.Officer or AdminRole.RaAdministrator) || caller.Owners.Contains(owner)
            ? null
            : new PkiProblem(PkiProblemKind.Unauthorized, $"that is not known to be an agent of yours: {caller.Name} has the role owner for {(caller.Owners.IsEmpty ? "nobody" : string.Join(", ", caller.Owners))} only");
}
