using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Decisions;

/// <summary>
/// The live status of agents: from memory as long as no commit can have changed that agent, one above it or that certificate, else from the store. Validity in time, and that of the CAs above, is looked at each time.
/// </summary>
internal sealed class AgentStatus(ICertificateStore certificates, IAgentStore agents, IssuerDirectory issuers, RevocationClock clock, string policyOid, int capacity, TimeProvider time) : IAgentStatus
{
    private const int CertificatesOfAgent = 64;
    private readonly RecentlyUsed<Known> _known = new(capacity);

    public async ValueTask<AgentStanding> FindAsync(string? agentId, NamedCertificate? certificate, CancellationToken cancellationToken)
    {
        // Before anything is read: what is committed in between is newer than the answer says.
        var cursor = clock.Epoch;
        var sha256 = certificate switch
        {
            NamedCertificate.Whole(var der) => SHA256.HashData(der.Span),
            NamedCertificate.Thumbprint(var given) => given.ToArray(),
            _ => null,
        };
        if (sha256 is null)
        {
            return new AgentStanding.NotGood("no certificate of the subject was named: send x5c or x5t#S256 among its properties", default, cursor);
        }

        var known = await FindKnownAsync(agentId, certificate, sha256, cancellationToken);
        return known is null || (agentId is not null && known.Subject.Id != agentId)
            ? new AgentStanding.NotGood("the certificate is none that this appliance issued to the subject", sha256, cursor)
            : await WhyNotAsync(known, cancellationToken) is { } why ? new AgentStanding.NotGood(why, sha256, cursor) : new AgentStanding.Good(known.Subject, cursor);
    }

    private async ValueTask<string?> WhyNotAsync(Known known, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return known.WhyNot
            ?? (now < known.NotBefore || now > known.NotAfter ? $"the certificate is valid from {known.NotBefore:u} to {known.NotAfter:u}" : null)
            ?? await issuers.WhyNotUsableAsync(known.Issuer, now, cancellationToken);
    }

    private async ValueTask<Known?> FindKnownAsync(string? agentId, NamedCertificate? certificate, byte[] sha256, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexStringLower(sha256);
        if (_known.TryGet(key, out var known) && !clock.HasChangedSince(known.Changes, known.RestsOn))
        {
            return known;
        }

        // Taken before the store is read: what is committed in between makes the answer count as old.
        var changes = clock.Changes;
        if (await ReadAsync(agentId, certificate, sha256, cancellationToken) is not var (stored, parsed, issuer) || stored.Certificate.AgentId is not { } id)
        {
            return null;
        }

        var agent = await agents.FindAsync(id, cancellationToken);
        var (line, bounds, unreadable) = await BoundsOfAsync(parsed, agent, cancellationToken);
        ImmutableArray<string> restsOn = [ChangeMarks.NameOf(issuer.Name, parsed.SerialNumber.Span), .. line?.Members.Select(m => m.Id) ?? [id]];
        known = new Known(SubjectOf(stored.Certificate, parsed, agent, sha256, bounds), issuer, restsOn, parsed.NotBefore, parsed.NotAfter, WhyNot(stored, agent, unreadable) ?? WhyNotAbove(line), changes);
        if (unreadable is null)
        {
            _known.Put(key, known);
        }

        return known;
    }

    private async ValueTask<(StoredCertificate Stored, Certificate Parsed, Issuer Issuer)?> ReadAsync(string? agentId, NamedCertificate? certificate, byte[] sha256, CancellationToken cancellationToken)
    {
        if (certificate is NamedCertificate.Whole(var der))
        {
            // Ours is what the store has, octet by octet.
            return Certificate.TryParse(der, out var parsed, out _) && issuers.FindIssuerOf(parsed) is { } issuer
                && await certificates.FindAsync(issuer.Name, parsed.SerialNumber, cancellationToken) is { } stored && stored.Certificate.Der.AsSpan().SequenceEqual(der.Span)
                ? (stored, parsed, issuer)
                : null;
        }

        foreach (var stored in agentId is null ? [] : await certificates.ListByAgentAsync(agentId, CertificatesOfAgent, cancellationToken))
        {
            if (SHA256.HashData(stored.Certificate.Der).AsSpan().SequenceEqual(sha256) && issuers.Find(stored.Certificate.Authority) is { } issuer)
            {
                return (stored, Certificate.Parse(stored.Certificate.Der), issuer);
            }
        }

        return null;
    }

    private static string? WhyNot(StoredCertificate stored, AgentRecord? agent, string? unreadable) =>
        stored.Status is not CertificateStatus.Good ? "the certificate is revoked"
        : agent is null ? "the certificate is not an agent's"
        : AgentRules.WhyNotIssuable(agent, agent.Owner) ?? unreadable;

    /// <summary>Whoever is below an agent that may not act may not act either, here as in tokens (docs/oauth.md).</summary>
    private static string? WhyNotAbove(AgentLine? line) =>
        line?.Members.Skip(1).FirstOrDefault(above => above.State is not AgentState.Active) is { } inactive ? $"agent {inactive.Id}, from which it comes, is suspended or retired" : null;

    private static DecisionSubject SubjectOf(CertificateRecord record, Certificate certificate, AgentRecord? agent, byte[] sha256, ImmutableArray<AgentPolicy> bounds)
    {
        var id = record.AgentId ?? "";
        var registered = agent?.Registration ?? AgentRegistration.Unclaimed;
        return new DecisionSubject(
            id, SpiffeId.TryParse(id, out var name) ? name.Path : "/", agent?.Owner ?? "", registered.Tier.Word(), registered.Environment, record.Profile, sha256, bounds) { NotAfter = certificate.NotAfter };
    }

    /// <summary>The policies of the certificate, of the registry, and of those above the agent, as far as there are any; with why one of them cannot be read, and nobody knows what it bounds.</summary>
    private async ValueTask<(AgentLine? Line, ImmutableArray<AgentPolicy> Bounds, string? Unreadable)> BoundsOfAsync(Certificate certificate, AgentRecord? agent, CancellationToken cancellationToken)
    {
        try
        {
            var line = agent is null ? null : await AgentLine.ReadAsync(agent, agents, cancellationToken);
            return (line, PolicyReading.BoundsOf(line, certificate, policyOid), null);
        }
        catch (X509.MalformedDataException failure)
        {
            return (null, [], $"the policy of the certificate, of the agent or of one above it cannot be read: {failure.Message}");
        }
    }

    /// <param name="RestsOn">The names of the agent, of its certificate (<see cref="ChangeMarks.NameOf"/>) and of the agents above it: a change of any of them outdates this.</param>
    /// <param name="WhyNot">What speaks against it as of the commits it was read after; null: nothing.</param>
    /// <param name="Changes">As of which <see cref="RevocationClock.Changes"/> it was read, or later.</param>
    private sealed record Known(DecisionSubject Subject, Issuer Issuer, ImmutableArray<string> RestsOn, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string? WhyNot, long Changes);
}
