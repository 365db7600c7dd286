using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Enrollment;

/// <summary>Step 1 of hop 3: who asks. Everything is read from the store now: a revocation or a suspension counts from its commit on.</summary>
internal sealed class RequesterAuthenticator(ICertificateStore certificates, IAgentStore agents, ICredentialStore credentials, IssuerDirectory issuers, TimeProvider time)
{
    private static readonly byte[] NobodysHash = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);

    /// <summary>Who it is, as far as he proved it, and what speaks against him, if anything: somebody known can be refused too.</summary>
    public async ValueTask<(AuthenticatedRequester Requester, PkiProblem? Problem)> AuthenticateAsync(Requester requester, CancellationToken cancellationToken) => requester switch
    {
        Requester.Stranger => (new AuthenticatedRequester.Nobody(), null),
        Requester.Credential credential => await AuthenticateAsync(credential, cancellationToken),
        Requester.AgentCertificate(var certificate) => await AuthenticateAsync(certificate, cancellationToken),
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
        // Ours is what the store has, octet by octet: stronger than a signature check, and cheaper.
        if (issuers.FindBySubject(certificate.Issuer) is not { } issuer
            || await certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) is not { } stored
            || !certificate.Der.Span.SequenceEqual(stored.Certificate.Der))
        {
            return (new AuthenticatedRequester.Nobody(), new PkiProblem(PkiProblemKind.Unauthenticated, "the client certificate was not issued by this appliance"));
        }

        if (stored.Certificate.AgentId is not { } agentId || await agents.FindAsync(agentId, cancellationToken) is not { } agent)
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

        return (who, AgentRules.WhyNotIssuable(agent, agent.Owner) is { } reason ? Unauthorized(reason) : null);
    }

    private static PkiProblem Unauthorized(string detail) => new(PkiProblemKind.Unauthorized, detail);
}
