using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>
/// Tells which agent a client is. Clients are the agents: no registration, the client_id is the SPIFFE ID, and what authenticates is a certificate of this appliance, its key, or an assertion that
/// its key signed, or a JWT-SVID that this appliance gave it.
/// </summary>
internal sealed class ClientAuthenticator(
    RequesterAuthenticator requesters, ICertificateStore certificates, AgentLineage lineage, IssuerDirectory issuers, JwtSvidClients svids, CommitWriter commits, CryptoProviders providers, OAuthOptions options, TimeProvider time)
{
    private const int CertificatesOfAgent = 64;

    public async ValueTask<OAuthOutcome<OAuthClient>> AuthenticateAsync(ClientProof proof, CancellationToken cancellationToken)
    {
        var outcome = proof switch
        {
            { Assertion: not null } or { AssertionType: not null } => await ByAssertionAsync(proof, cancellationToken),
            { Tls: null } => Unknown("the client did not authenticate: come with the agent's certificate over TLS, or with a client_assertion that its key signed"),
            { ClientId: null } => new OAuthOutcome<OAuthClient>.Refused(new OAuthProblem(OAuthErrorType.InvalidRequest, "client_id is missing: it is the agent's SPIFFE ID (RFC 8705 §2)")),
            { Tls: { } certificate, ClientId: { } id } => await ByCertificateAsync(certificate, id, cancellationToken),
        };
        return outcome is OAuthOutcome<OAuthClient>.Done(var client) && await lineage.WhyNotLiveAboveAsync(client.Agent.Id, cancellationToken) is { } dead ? Unknown(dead) : outcome;
    }

    /// <summary>RFC 8705 §2.1 and §2.2.</summary>
    private async ValueTask<OAuthOutcome<OAuthClient>> ByCertificateAsync(Certificate presented, string clientId, CancellationToken cancellationToken)
    {
        if (issuers.FindIssuerOf(presented) is not null)
        {
            return await OfAgentAsync(presented, presented, clientId, ClientAuthentication.TlsClientAuth, cancellationToken);
        }

        // Self-signed: it says no more than that its key was used. Whose that is, and whether still, the certificates over it say that were issued here.
        if (!presented.IsSelfIssued || !presented.VerifySignature(presented.PublicKey, providers))
        {
            return Unknown("the client certificate was not issued by this appliance");
        }

        if (!presented.IsValidAt(time.GetUtcNow()))
        {
            return Unknown("the self-signed client certificate is not valid now; make another");
        }

        var certified = (await certificates.ListByKeyAsync(presented.PublicKey.Fingerprint(), CertificatesOfAgent, cancellationToken))
            .FirstOrDefault(c => c is { Status: CertificateStatus.Good, Certificate.AgentId: not null } && c.Certificate.NotAfter > time.GetUtcNow());
        return certified is null
            ? Unknown("the key of the self-signed client certificate is not one that this appliance certified for an agent, or not any more")
            : await OfAgentAsync(Certificate.Parse(certified.Certificate.Der), presented, clientId, ClientAuthentication.SelfSignedTlsClientAuth, cancellationToken);
    }

    /// <summary>RFC 7521 §4.2: the type says what the assertion is, and one is never taken for the other.</summary>
    private async ValueTask<OAuthOutcome<OAuthClient>> ByAssertionAsync(ClientProof proof, CancellationToken cancellationToken) => proof switch
    {
        { Assertion: null } or { AssertionType: null } =>
            new OAuthOutcome<OAuthClient>.Refused(new OAuthProblem(OAuthErrorType.InvalidRequest, "client_assertion and client_assertion_type go together (RFC 7521 §4.2)")),
        { Assertion: { } text, AssertionType: ClientAssertion.AssertionType } => await BySignedAssertionAsync(proof, text, cancellationToken),
        { Assertion: { } text, AssertionType: JwtSvidClients.AssertionType } when options.TakesJwtSvids => await ByJwtSvidAsync(proof, text, cancellationToken),
        _ => Unknown($"the client_assertion_type is not taken here; use {ClientAssertion.AssertionType}{(options.TakesJwtSvids ? $" or {JwtSvidClients.AssertionType}" : "")}"),
    };

    /// <summary>draft-ietf-oauth-spiffe-client-auth §3.1. It was proven that the appliance said so, not that the client has a key: what the token lives and dies with is the agent's newest certificate.</summary>
    private async ValueTask<OAuthOutcome<OAuthClient>> ByJwtSvidAsync(ClientProof proof, string text, CancellationToken cancellationToken)
    {
        var (agent, wrong) = await svids.IdentifyAsync(text, proof.ClientId, cancellationToken);
        if (agent is null)
        {
            return Unknown(wrong ?? "the JWT-SVID is not good");
        }

        var now = time.GetUtcNow();
        foreach (var stored in (await certificates.ListByAgentAsync(agent, CertificatesOfAgent, cancellationToken)).Where(c => c.Status is CertificateStatus.Good && c.Certificate.NotAfter > now))
        {
            if (await OfAgentAsync(Certificate.Parse(stored.Certificate.Der), null, agent, ClientAuthentication.SpiffeJwt, cancellationToken) is OAuthOutcome<OAuthClient>.Done(var client))
            {
                return await BesideTlsAsync(client, proof.Tls, cancellationToken);
            }
        }

        return Unknown("the agent has no certificate that is good now, with which its tokens would die; have it enrol, or fetch an X.509-SVID");
    }

    /// <summary>RFC 7523 §3.</summary>
    private async ValueTask<OAuthOutcome<OAuthClient>> BySignedAssertionAsync(ClientProof proof, string text, CancellationToken cancellationToken)
    {
        if (!ClientAssertion.TryParse(text, out var assertion, out var wrong))
        {
            return Unknown(wrong);
        }

        var now = time.GetUtcNow();
        var mistake = assertion.Issuer != assertion.Subject || (proof.ClientId is { } id && id != assertion.Subject) ? "iss and sub of the assertion, and client_id where it is sent, must be one SPIFFE ID"
            : assertion.Audience != options.Issuer && assertion.Audience != options.TokenEndpoint ? $"the assertion is for another server; its aud must be {options.Issuer}"
            : assertion.Expires <= now ? "the assertion has ended; make another"
            : assertion.Expires > now + options.AssertionLifetime + options.ClockSkew ? $"the assertion is good for too long; its exp may be {options.AssertionLifetime.TotalSeconds:0} seconds ahead"
            : assertion.NotBefore > now + options.ClockSkew || assertion.IssuedAt > now + options.ClockSkew ? "the assertion begins in the future; set the client's clock"
            : null;
        if (mistake is not null)
        {
            return Unknown(mistake);
        }

        if (await FindSignerAsync(assertion, cancellationToken) is not { } certificate)
        {
            return Unknown("no certificate of the agent is named by the assertion's x5t#S256, or by a kid that is the certificate's SHA-256 or its key's thumbprint (RFC 7638), and signed it");
        }

        if (await OfAgentAsync(certificate, null, assertion.Subject, ClientAuthentication.PrivateKeyJwt, cancellationToken) is not OAuthOutcome<OAuthClient>.Done(var client))
        {
            return Unknown("the agent, or the certificate that the assertion names, is not good any more");
        }

        var beside = await BesideTlsAsync(client, proof.Tls, cancellationToken);
        if (beside is OAuthOutcome<OAuthClient>.Refused)
        {
            return beside;
        }

        // Last: nobody else's jti can be used up. RFC 7523 §3, 7.
        var spent = new StoreChange.SpendProof(SHA256.HashData(Encoding.UTF8.GetBytes($"oauth client assertion\n{assertion.Subject}\n{assertion.Id}")), assertion.Expires + options.ClockSkew, now);
        return await commits.CommitAsync(new CommitRequest(null, [spent]), cancellationToken) is CommitOutcome.Committed
            ? beside
            : Unknown("the assertion was used before; each has a jti of its own and is good once");
    }

    /// <summary>Whoever brings an assertion over a connection with a client certificate: it must be its own, and what its token is bound to is what it lives and dies with.</summary>
    private async ValueTask<OAuthOutcome<OAuthClient>> BesideTlsAsync(OAuthClient client, Certificate? tls, CancellationToken cancellationToken) => tls is null
        ? new OAuthOutcome<OAuthClient>.Done(client)
        : await ByCertificateAsync(tls, client.Agent.Id, cancellationToken) switch
        {
            OAuthOutcome<OAuthClient>.Done(var bound) => new OAuthOutcome<OAuthClient>.Done(bound with { Method = client.Method }),
            OAuthOutcome<OAuthClient>.Refused(var other) => Unknown($"the client came with an assertion and a TLS client certificate, and the latter is not its own: {other.Detail}"),
            _ => throw new UnreachableException(),
        };

    /// <summary>Header parameters only choose among what the store has of that agent; a key or a chain in them (jwk, x5c) is not looked at.</summary>
    private async ValueTask<Certificate?> FindSignerAsync(ClientAssertion assertion, CancellationToken cancellationToken)
    {
        foreach (var stored in await certificates.ListByAgentAsync(assertion.Subject, CertificatesOfAgent, cancellationToken))
        {
            var certificate = Certificate.Parse(stored.Certificate.Der);
            if (Jwk.HasForm(certificate.PublicKey.Algorithm) && Names(assertion.Jws, certificate) && assertion.Jws.Verify(certificate.PublicKey, providers))
            {
                return certificate;
            }
        }

        return null;
    }

    private static bool Names(CompactJws jws, Certificate certificate)
    {
        var thumbprint = certificate.Fingerprint();
        return !jws.CertificateThumbprint.IsEmpty
            ? jws.CertificateThumbprint.Span.SequenceEqual(thumbprint)
            : jws.KeyId is { } id && (id == Base64Url.EncodeToString(thumbprint) || id == Jwk.Of(certificate.PublicKey).Thumbprint());
    }

    private async ValueTask<OAuthOutcome<OAuthClient>> OfAgentAsync(Certificate certificate, Certificate? presented, string clientId, ClientAuthentication method, CancellationToken cancellationToken)
    {
        var (requester, problem) = await requesters.AuthenticateAsync(new Requester.AgentCertificate(certificate), cancellationToken);
        return requester switch
        {
            AuthenticatedRequester.ByCertificate by when problem is null => by.Agent.Id == clientId
                ? new OAuthOutcome<OAuthClient>.Done(new OAuthClient(by.Agent, certificate, presented, method))
                : Unknown("the client_id is not the SPIFFE ID of the client certificate"),
            _ => Unknown((problem ?? new PkiProblem(PkiProblemKind.Unauthenticated, "the client is no agent of this appliance")).Detail),
        };
    }

    private static OAuthOutcome<OAuthClient> Unknown(string detail) => new OAuthOutcome<OAuthClient>.Refused(new OAuthProblem(OAuthErrorType.InvalidClient, detail));
}
