using System.Diagnostics;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Verification;

/// <summary>Judges certificates against trust anchors that were obtained out of band; the system's certificate store plays no part.</summary>
/// <remarks>RFC 5280 §6.1 as far as <see cref="CertificateChain"/> goes; whether a certificate is revoked is another question (OCSP, CRL).</remarks>
/// <param name="alternativeSignatures">
/// Whether the second signatures of X.509 (2019) §9.8 are demanded: <see cref="AlternativeSignaturePolicy.Required"/> where the CA is known to sign twice, so that breaking
/// one algorithm forges nothing.
/// </param>
/// <param name="understood">An extension that the caller itself heeds, so that it may be critical (RFC 5280 §4.2); dotted, null: none.</param>
public sealed class ChainVerifier(
    IReadOnlyList<Certificate> anchors, CryptoProviders providers, TimeProvider clock, AlternativeSignaturePolicy alternativeSignatures = AlternativeSignaturePolicy.WhenPresent, string? understood = null)
{
    /// <summary>Finds and checks a path from the certificate to an anchor, at this moment.</summary>
    /// <param name="intermediates">What the peer sent along; in any order, more than needed does no harm.</param>
    /// <param name="keyPurpose">The extended key usage that must be allowed, for example id-kp-serverAuth; null: any.</param>
    public ChainResult Verify(Certificate certificate, IEnumerable<Certificate> intermediates, string? keyPurpose = null) =>
        CertificateChain.Validate(certificate, intermediates, anchors, new ChainOptions(clock.GetUtcNow(), keyPurpose) { AlternativeSignatures = alternativeSignatures, Understood = understood }, providers);

    /// <summary>
    /// Finds and checks a path for each of a peer's two certificates, and that the first names the second (RFC 9763 §4.2): whoever broke one algorithm has only half of the pair. That the peer
    /// holds both private keys is the protocol's to show.
    /// </summary>
    /// <param name="certificate">The one with the extension, issued later.</param>
    /// <param name="intermediates">Of both.</param>
    public PairResult VerifyPair(Certificate certificate, Certificate related, IReadOnlyCollection<Certificate> intermediates, string? keyPurpose = null) =>
        (Verify(certificate, intermediates, keyPurpose), Verify(related, intermediates, keyPurpose), RelatedCertificates.Verify(certificate, related)) switch
        {
            (ChainResult.Invalid invalid, _, _) => new PairResult.NoPath(invalid),
            (_, ChainResult.Invalid invalid, _) => new PairResult.NoPath(invalid),
            (_, _, { } failure) => new PairResult.NotRelated(failure),
            (ChainResult.Valid first, ChainResult.Valid second, null) => new PairResult.Valid(first.Path, second.Path),
            _ => throw new UnreachableException(),
        };
}
