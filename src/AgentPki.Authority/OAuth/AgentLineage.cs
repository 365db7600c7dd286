using AgentPki.Agents;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>Whether the agents of a token, and all above them, are what they were: read from the store every time, so that a revocation counts from its commit on.</summary>
internal sealed class AgentLineage(ICertificateStore certificates, IAgentStore agents, IssuerDirectory issuers, TimeProvider time)
{
    private const int MostAncestors = 64;

    /// <summary>Why a token with that chain is not good any more; null: it is.</summary>
    public async ValueTask<string?> WhyNotLiveAsync(IReadOnlyList<ChainLink> chain, CancellationToken cancellationToken)
    {
        string? parent = null;
        foreach (var link in chain)
        {
            if (await WhyNotLiveAsync(link, cancellationToken) is { } dead)
            {
                return dead;
            }

            if (await agents.FindAsync(link.Agent, cancellationToken) is not { State: AgentState.Active } agent)
            {
                return $"agent {link.Agent} is suspended, retired or unknown";
            }

            if (parent is not null && agent.Parent != parent)
            {
                return $"agent {link.Agent} is no child of {parent}";
            }

            parent = agent.Id;
        }

        return await WhyNotLiveAboveAsync(chain[0].Agent, cancellationToken);
    }

    /// <summary>Why an agent may not act because of those above it; null: it may. An ancestor is gone when it is not active, or when its newest certificate was taken from it.</summary>
    public async ValueTask<string?> WhyNotLiveAboveAsync(string agentId, CancellationToken cancellationToken)
    {
        var agent = await agents.FindAsync(agentId, cancellationToken);
        for (var generation = 0; agent?.Parent is { } ancestor; generation++)
        {
            agent = await agents.FindAsync(ancestor, cancellationToken);
            if (agent is not { State: AgentState.Active } || generation >= MostAncestors)
            {
                return $"agent {ancestor}, from which it comes, is suspended, retired or unknown";
            }

            if (await certificates.ListByAgentAsync(ancestor, 1, cancellationToken) is [{ Status: CertificateStatus.Revoked }, ..])
            {
                return $"the certificate of agent {ancestor}, from which it comes, is revoked";
            }
        }

        return null;
    }

    /// <summary>The certificate that a link names, as the store has it; null: this appliance did not issue it to that agent.</summary>
    public async ValueTask<StoredCertificate?> FindAsync(ChainLink link, CancellationToken cancellationToken)
    {
        var issuer = issuers.All.FirstOrDefault(i => i.Certificate.SubjectKeyIdentifier.Span.SequenceEqual(link.Issuer.Span));
        var stored = issuer is null ? null : await certificates.FindAsync(issuer.Name, link.Serial, cancellationToken);
        return stored is not null && stored.Certificate.AgentId == link.Agent && link.Names(Certificate.Parse(stored.Certificate.Der)) ? stored : null;
    }

    private async ValueTask<string?> WhyNotLiveAsync(ChainLink link, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await FindAsync(link, cancellationToken) switch
        {
            null => $"the certificate of {link.Agent} was not issued by this appliance",
            { Status: CertificateStatus.Revoked } => $"the certificate of {link.Agent} is revoked",
            { Certificate: { } record } when now - record.NotAfter >= TimeSpan.FromSeconds(1) => $"the certificate of {link.Agent} has ended",
            { Certificate: { } record } when issuers.Find(record.Authority) is { } issuer => await issuers.WhyNotUsableAsync(issuer, now, cancellationToken),
            _ => $"the CA of {link.Agent} is unknown",
        };
    }
}
