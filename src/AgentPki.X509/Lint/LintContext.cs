using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint;

/// <summary>Where in a hierarchy a certificate stands, which decides what it must and must not carry.</summary>
public enum CertificatePosition
{
    Root,
    IssuingCa,

    /// <summary>One key of a root certified by the other (OldWithNew, NewWithOld): self-issued, not self-signed (RFC 9810 §4.4, RFC 5280 §3.2).</summary>
    RollOver,

    /// <summary>Another CA's name and key, certified by a CA of this appliance (RFC 5280 §3.2).</summary>
    CrossCertificate,

    /// <summary>An agent or another workload.</summary>
    EndEntity,

    /// <summary>A TLS server, the appliance's own among them.</summary>
    TlsServer,

    /// <summary>A delegated OCSP responder (RFC 6960 §4.2.2.2).</summary>
    OcspResponder,

    /// <summary>A signer of CMC answers (RFC 6402 §2.10).</summary>
    CmsSigner,

    /// <summary>A signer of the revocation feed's statements.</summary>
    RevocationFeed,

    /// <summary>A signer of JWT-SVIDs.</summary>
    JwtSvid,

    /// <summary>A signer of OAuth access tokens.</summary>
    AccessTokens,

    /// <summary>A time-stamping unit (RFC 3161 §2.3).</summary>
    TimeStamping,

    /// <summary>A person who administers the appliance.</summary>
    Administrator,
}

/// <summary>What a TBSCertificate is checked against.</summary>
/// <param name="Position">What it is to be.</param>
/// <param name="Issuer">Who will sign it; null for a self-signed root.</param>
/// <param name="MaximumValidity">The longest notAfter − notBefore, both ends counted.</param>
public sealed record LintContext(CertificatePosition Position, Certificate? Issuer, TimeSpan MaximumValidity)
{
    /// <summary>The only SPIFFE trust domain allowed; null: none is checked.</summary>
    public string? TrustDomain { get; init; }

    /// <summary>An extension that may be critical though few know it, for all who are to take the certificate do; dotted, null: none.</summary>
    public string? Understood { get; init; }

    /// <summary>The algorithm the signer will use; null: only what the issuer's key can do is checked.</summary>
    public SignatureAlgorithm? SigningAlgorithm { get; init; }

    /// <summary>The algorithm the issuer signs with a second time (X.509 (2019) §9.8.3); null: it signs once, and nothing may say otherwise.</summary>
    public SignatureAlgorithm? AlternativeSigningAlgorithm { get; init; }

    /// <summary>Whether the octets are those before the alternative signature: everything as it will be, but for altSignatureValue.</summary>
    public bool IsBeforeAlternativeSignature { get; init; }

    /// <summary>Classical bits a subject's key has at least (NIST SP 800-57 part 1 table 2); CA keys have at least 128.</summary>
    public int MinimumSecurityBits { get; init; } = 112;

    public bool IsAuthority => Position is CertificatePosition.Root or CertificatePosition.IssuingCa or CertificatePosition.RollOver or CertificatePosition.CrossCertificate;
}

/// <summary>What a TBSCertList is checked against.</summary>
public sealed record CertificateListLintContext(Certificate Issuer, TimeSpan MaximumValidity)
{
    public SignatureAlgorithm? SigningAlgorithm { get; init; }

    /// <summary>The algorithm the issuer signs with a second time (X.509 (2019) §9.8.3); null: it signs once.</summary>
    public SignatureAlgorithm? AlternativeSigningAlgorithm { get; init; }

    /// <summary>Whether the octets are those before the alternative signature.</summary>
    public bool IsBeforeAlternativeSignature { get; init; }
}

/// <summary>What an OCSP ResponseData is checked against.</summary>
/// <param name="Responder">Whose key will sign it: a delegated responder, or the CA itself.</param>
/// <param name="Issuer">The CA whose certificates it speaks about.</param>
public sealed record OcspLintContext(Certificate Responder, Certificate Issuer, TimeSpan MaximumValidity)
{
    public SignatureAlgorithm? SigningAlgorithm { get; init; }

    /// <summary>The request's nonce; empty when it had none.</summary>
    public ReadOnlyMemory<byte> RequestNonce { get; init; }
}
