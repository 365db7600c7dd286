using System.Collections.Immutable;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

/// <summary>What is an owner's own. What is not there is nobody's: an owner does not learn of others' things whether they are.</summary>
internal static class AdminOwnership
{
    /// <summary>Null when the agent is the caller's to change; else the refusal, recorded.</summary>
    public static async ValueTask<PkiProblem?> WhyNotAgentAsync(AdminCall call, string? agentId, CancellationToken cancellationToken) =>
        call.Owners is null || await CoversAgentAsync(call, agentId, cancellationToken) ? null : call.NotOwned("that is not known to be an agent of yours");

    public static async ValueTask<bool> CoversAgentAsync(AdminCall call, string? agentId, CancellationToken cancellationToken) =>
        call.Owners is null || (agentId is not null && call.Covers((await call.Services.Authority.Stores.Agents.FindAsync(agentId, cancellationToken))?.Owner));

    /// <summary>The owners that a list is confined to: the one that is asked for, the caller's own, or both; null: none.</summary>
    public static ImmutableArray<string>? Among(AdminCall call, string? owner) =>
        owner is null ? call.Owners : call.Covers(owner) ? [owner] : [];

    /// <summary>Those of the caller's own, in their order.</summary>
    public static async ValueTask<IReadOnlyList<StoredCertificate>> OwnAsync(AdminCall call, IReadOnlyList<StoredCertificate> certificates, CancellationToken cancellationToken)
    {
        if (call.Owners is null)
        {
            return certificates;
        }

        var known = new Dictionary<string, bool>(StringComparer.Ordinal);
        var own = new List<StoredCertificate>();
        foreach (var certificate in certificates)
        {
            if (certificate.Certificate.AgentId is not { } agent)
            {
                continue;
            }

            if (!known.TryGetValue(agent, out var covered))
            {
                known.Add(agent, covered = await CoversAgentAsync(call, agent, cancellationToken));
            }

            if (covered)
            {
                own.Add(certificate);
            }
        }

        return own;
    }

    /// <summary>Null when everything that a revocation could take is the caller's own, whatever there is by the time it is made.</summary>
    public static async ValueTask<PkiProblem?> WhyNotTargetAsync(AdminCall call, RevocationTarget target, CancellationToken cancellationToken)
    {
        if (call.Owners is null)
        {
            return null;
        }

        var authority = call.Services.Authority;
        switch (target)
        {
            // A parent and what it spawned have one owner.
            case RevocationTarget.Agent(var agent, _, _):
                return await WhyNotAgentAsync(call, agent, cancellationToken);
            case RevocationTarget.Serial(var issuer, var serial):
                return await WhyNotCertificateAsync(call, await authority.Stores.Certificates.FindAsync(issuer, serial, cancellationToken), cancellationToken);
            case RevocationTarget.OneCertificate(var certificate):
                var found = authority.Issuers.FindIssuerOf(certificate) is { } of ? await authority.Stores.Certificates.FindAsync(of.Name, certificate.SerialNumber, cancellationToken) : null;
                return await WhyNotCertificateAsync(call, found, cancellationToken);
            case RevocationTarget.Selection({ Owner: { } owner, NamesOneCertificate: false }, _) when call.Covers(owner):
                return null;
            case RevocationTarget.Selection:
                return call.NotOwned("name the 'owner' among the conditions");
            default:
                return call.NotOwned("that is not known to be yours");
        }
    }

    private static async ValueTask<PkiProblem?> WhyNotCertificateAsync(AdminCall call, StoredCertificate? found, CancellationToken cancellationToken) =>
        await CoversAgentAsync(call, found?.Certificate.AgentId, cancellationToken) ? null : call.NotOwned("that is not known to be a certificate of yours");
}
