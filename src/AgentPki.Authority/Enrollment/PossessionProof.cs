using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// Step 4 of hop 3: that the requester holds the private key. Either the request is signed with it, or, for a key that cannot sign, with the key of a certificate
/// of this appliance that the request names (RFC 9883): good now, of the same agent, and for signatures.
/// </summary>
internal sealed class PossessionProof(ICertificateStore certificates, IssuerDirectory issuers, CryptoProviders providers, TimeProvider time)
{
    /// <summary>What speaks against it, if anything; and the agent's certificate that signed the request, null when its own key did.</summary>
    public async ValueTask<(CertificateRecord? Signer, PkiProblem? Problem)> CheckAsync(Pkcs10Request csr, CancellationToken cancellationToken)
    {
        if (csr.PossessionStatement is { } statement)
        {
            return await CheckStatementAsync(csr, statement, cancellationToken);
        }

        return (null, CheckVerifiable(csr.PublicKey) ?? (csr.VerifySignature(providers) ? null : Failed("the request's signature does not verify with its own public key")));
    }

    /// <summary>Null when the certificate that signed the request is of the agent that the request is for.</summary>
    public static PkiProblem? CheckAgent(CertificateRecord? signer, string agentId) => signer is null || signer.AgentId == agentId
        ? null
        : new PkiProblem(PkiProblemKind.Unauthorized, "the statement of possession is made with another agent's certificate: each agent speaks for its own keys only (RFC 9883)");

    // RFC 9883 wants the path of the signature certificate validated: what the store has octet by octet was issued by a CA of this appliance, and that CA's own path is checked.
    private async ValueTask<(CertificateRecord?, PkiProblem?)> CheckStatementAsync(Pkcs10Request csr, PossessionStatement statement, CancellationToken cancellationToken)
    {
        if (issuers.FindBySubject(statement.Issuer) is not { } issuer || await certificates.FindAsync(issuer.Name, statement.SerialNumber, cancellationToken) is not { } stored)
        {
            return (null, Failed("the statement of possession names a certificate that this appliance did not issue"));
        }

        if (statement.Certificate is { } sent && !sent.Der.Span.SequenceEqual(stored.Certificate.Der))
        {
            return (null, Failed("the statement of possession carries a certificate that this appliance did not issue"));
        }

        var signer = Certificate.Parse(stored.Certificate.Der);
        if (CheckSigner(signer, csr) is { } problem)
        {
            return (null, problem);
        }

        var now = time.GetUtcNow();
        var unusable = stored.Status is not CertificateStatus.Good ? "the certificate of the statement of possession is revoked"
            : !signer.IsValidAt(now) ? $"the certificate of the statement of possession is valid from {signer.NotBefore:u} to {signer.NotAfter:u}"
            : stored.Certificate.AgentId is null ? "the certificate of the statement of possession is not an agent's"
            : await issuers.WhyNotUsableAsync(issuer, now, cancellationToken);
        return (stored.Certificate, unusable is null ? null : new PkiProblem(PkiProblemKind.Unauthorized, unusable));
    }

    private PkiProblem? CheckSigner(Certificate signer, Pkcs10Request csr)
    {
        if (!signer.PublicKey.Algorithm.CanSign || signer.KeyUsages is { } usages && (usages & (KeyUsages.DigitalSignature | KeyUsages.NonRepudiation)) == 0)
        {
            return Failed("the certificate of the statement of possession is not for signatures");
        }

        if (!csr.SignatureAlgorithm.Fits(signer.PublicKey.Algorithm))
        {
            return Failed($"the request is signed with {csr.SignatureAlgorithm}, which the {signer.PublicKey.Algorithm} key of the statement's certificate cannot do");
        }

        return CheckVerifiable(signer.PublicKey)
            ?? (csr.VerifySignature(signer, providers) ? null : Failed("the request's signature does not verify with the key of the certificate that its statement of possession names (RFC 9883)"));
    }

    private PkiProblem? CheckVerifiable(PublicKey key) => providers.For(key.Algorithm, KeyCapabilities.Verify) is not null
        ? null
        : new PkiProblem(PkiProblemKind.UnsupportedAlgorithm, $"this appliance has nothing that verifies signatures of {key.Algorithm} keys; 'agentpki algorithms' lists what it has");

    private static PkiProblem Failed(string detail) => new(PkiProblemKind.BadProofOfPossession, detail);
}
