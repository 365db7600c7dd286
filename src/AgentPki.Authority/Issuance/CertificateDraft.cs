using AgentPki.Cryptography;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>What a certificate shall say, before it is bytes; the issuer adds its own name.</summary>
internal sealed record CertificateDraft(
    byte[] Serial,
    SignatureAlgorithm Signature,
    X500Name Subject,
    PublicKey PublicKey,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    IReadOnlyList<X509Extension> Extensions,
    CertificatePosition Position,
    TimeSpan MaximumValidity);
