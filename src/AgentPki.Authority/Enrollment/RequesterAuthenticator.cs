using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// Step 1 of hop 3: who asks. A revocation or a suspension counts from its commit on: credentials are read from the store every time, a connection's
/// certificate again after each commit that could have changed what is known of it.
/// </summary>
internal sealed class RequesterAuthenticator(
    ICertificateStore certificates, IAgentStore agents, ICredentialStore credentials, IssuerDirectory issuers, RevocationClock clock, UseWatch uses, TimeProvider time)
{
    private static readonly byte[] NobodysHash = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);

    // By the object that its connection holds, and no longer than that.
    private readonly ConditionalWeakTable<Certificate, KnownCertificate> _known = [];

    /// <summary>Who it is, as far as he proved it, and what speaks against him, if anything: somebody known can be refused too.</summary>
    public async ValueTask<(AuthenticatedRequester Requester, PkiProblem? Problem)> AuthenticateAsync(Requester requester, CancellationToken cancellationToken) => requester switch
    {
        Requester.Stranger => (new AuthenticatedRequester.Nobody(), null),
        Requester.Credential credential => await AuthenticateAsync(credential, cancellationToken),
        Requester.AgentCertificate(var certificate) => await AuthenticateAsync(certificate, cancellationToken),
        Requester.AcmeOrder order => (new AuthenticatedRequester.ByAcmeOrder(order), null),
        Requester.AttestedWorkload(var entry) => (new AuthenticatedRequester.ByEntry(entry), null),
        Requester.Administrator(var actor) => (new AuthenticatedRequester.ByAdministrator(actor), null),
        _ => throw new UnreachableException(),
    };

    private async ValueTask<(AuthenticatedRequester, PkiProblem?)> AuthenticateAsync(Requester.Credential presented, CancellationToken cancellationToken)
    {
        var known = await credentials.FindAsync(presented.Name, cancellationToken);
        // The same work whether or not the name is known, and no early end in the comparison: time tells nothing.
        var right = CryptographicOperations.FixedTimeEquals(CredentialService.HashSecret(presented.Secret), known?.SecretHash ?? NobodysHash);
        if (known is null || !right)
        {
            return (new AuthenticatedRequester.Nobody(), new PkiProblem(PkiProblemKind.Unauthenticated, "name or secret is wrong"));
        }

        var who = new AuthenticatedRequester.ByCredential(known);
        return known switch
        {
            { Revoked: not null } => (who, Unauthorized("the credential is revoked")),
            _ when known.NotAfter <= time.GetUtcNow() => (who, Unauthorized($"the credential ended at {known.NotAfter:u}; an operator can make a new one")),
            _ when known.MaxUses is { } limit && known.Uses >= limit => (who, Unauthorized("the credential is used up; an operator can make a new one")),
            _ => (who, null),
        };
    }

    private async ValueTask<(AuthenticatedRequester, PkiProblem?)> AuthenticateAsync(Certificate certificate, CancellationToken cancellationToken)
    {
        if (issuers.FindIssuerOf(certificate) is not { } issuer || await FindAsync(issuer, certificate, cancellationToken) is not { Stored: var stored } known)
        {
            return (new AuthenticatedRequester.Nobody(), new PkiProblem(PkiProblemKind.Unauthenticated, "the client certificate was not issued by this appliance"));
        }

        if (known.Agent is not { } agent)
        {
            return (new AuthenticatedRequester.Nobody(), Unauthorized("the client certificate is not an agent's"));
        }

        var now = time.GetUtcNow();
        var who = new AuthenticatedRequester.ByCertificate(certificate, stored.Certificate, agent);
        if (stored.Status is not CertificateStatus.Good)
        {
            return (who, Unauthorized("the client certificate is revoked"));
        }

        if (!certificate.IsValidAt(now))
        {
            return (who, Unauthorized($"the client certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}; enrol again"));
        }

        if (await issuers.WhyNotUsableAsync(issuer, now, cancellationToken) is { } unusable)
        {
            return (who, Unauthorized(unusable));
        }

        if (AgentRules.WhyNotIssuable(agent, agent.Owner) is { } reason)
        {
            return (who, Unauthorized(reason));
        }

        await uses.SeenAsync(stored.Certificate, cancellationToken);
        return (who, null);
    }

    /// <summary>What the store has of it; null when it was not issued here.</summary>
    private async ValueTask<KnownCertificate?> FindAsync(Issuer issuer, Certificate certificate, CancellationToken cancellationToken)
    {
        // Taken before the store is read: what is committed in between makes the answer count as old.
        var changes = clock.Changes;
        if (_known.TryGetValue(certificate, out var known) && !clock.HasChangedSince(known.Changes, known.RestsOn))
        {
            return known;
        }

        // Ours is what the store has, octet by octet: stronger than a signature check, and cheaper.
        if (await certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) is not { } stored || !certificate.Der.Span.SequenceEqual(stored.Certificate.Der))
        {
            return null;
        }

        var agent = stored.Certificate.AgentId is { } id ? await agents.FindAsync(id, cancellationToken) : null;
        known = new KnownCertificate(stored, agent, [stored.Certificate.AgentId ?? "", ChangeMarks.NameOf(issuer.Name, certificate.SerialNumber.Span)], changes);
        _known.AddOrUpdate(certificate, known);
        return known;
    }

    private static PkiProblem Unauthorized(string detail) => new(PkiProblemKind.Unauthorized, detail);

    /// <param name="Agent">Null when the certificate is not an agent's.</param>
    /// <param name="RestsOn">The names of the agent and of the certificate (<see cref="ChangeMarks.NameOf"/>): a change of either outdates this.</param>
    /// <param name="Changes">As of which <see cref="RevocationClock.Changes"/> the store was read, or later.</param>
    private sealed record KnownCertificate(StoredCertificate Stored, AgentRecord? Agent, ImmutableArray<string> RestsOn, long Changes);
}
