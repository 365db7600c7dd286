using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// The right to one signature over exactly the bytes that were linted (invariant 1). There is no other way to one than the five
/// methods below, each of which lints what it puts into the token; a <see cref="GuardedKey"/> signs nothing else than a token, once.
/// </summary>
public sealed class IssuanceToken
{
    private readonly ReadOnlyMemory<byte> _toBeSigned;
    private readonly GuardedKey _key;
    private int _redeemed;

    private IssuanceToken(ReadOnlyMemory<byte> toBeSigned, SignatureAlgorithm algorithm, GuardedKey key) => (_toBeSigned, Algorithm, _key) = (toBeSigned, algorithm, key);

    /// <summary>The signature that the bytes announce.</summary>
    public SignatureAlgorithm Algorithm { get; }

    /// <summary>The bytes, to be put together with their signature. They give nobody the right to sign them: the token is that.</summary>
    internal ReadOnlyMemory<byte> ToBeSigned => _toBeSigned;

    /// <summary>A token for a TBSCertificate, or null with the findings that forbid it.</summary>
    /// <param name="toBeSigned">Handed over: the caller keeps no reference.</param>
    internal static IssuanceToken? ForCertificate(byte[] toBeSigned, SignatureAlgorithm algorithm, LintContext context, GuardedKey key, out IReadOnlyList<LintFinding> findings) =>
        Grant(toBeSigned, algorithm, key, findings = CertificateLinter.Lint(toBeSigned, context));

    /// <summary>
    /// A token for the PreTBSCertificate (X.509 (2019) §7.2.2) of <paramref name="draft"/>, a TBSCertificate that lacks its altSignatureValue and nothing else, or null with the
    /// findings that forbid it. What is signed is what was linted without its signature field, which says nothing of this signature.
    /// </summary>
    internal static IssuanceToken? ForPreCertificate(byte[] draft, SignatureAlgorithm algorithm, LintContext context, GuardedKey key, out IReadOnlyList<LintFinding> findings)
    {
        findings = CertificateLinter.Lint(draft, context with { IsBeforeAlternativeSignature = true });
        return HasError(findings) ? null : new IssuanceToken(PreTbs.OfCertificate(draft), algorithm, key);
    }

    /// <summary>The same for the PreTBSCertList (X.509 (2019) §7.10.3) of a TBSCertList.</summary>
    internal static IssuanceToken? ForPreCertificateList(ReadOnlyMemory<byte> draft, SignatureAlgorithm algorithm, CertificateListLintContext context, GuardedKey key, out IReadOnlyList<LintFinding> findings)
    {
        findings = CertificateListLinter.Lint(draft, context with { IsBeforeAlternativeSignature = true });
        return HasError(findings) ? null : new IssuanceToken(PreTbs.OfCertificateList(draft), algorithm, key);
    }

    /// <summary>A token for a TBSCertList, or null with the findings that forbid it.</summary>
    /// <param name="toBeSigned">May lie in a mapped file that has no name any more; it stays mapped until the signature is there.</param>
    internal static IssuanceToken? ForCertificateList(ReadOnlyMemory<byte> toBeSigned, SignatureAlgorithm algorithm, CertificateListLintContext context, GuardedKey key, out IReadOnlyList<LintFinding> findings) =>
        Grant(toBeSigned, algorithm, key, findings = CertificateListLinter.Lint(toBeSigned, context));

    /// <summary>A token for an OCSP ResponseData, or null with the findings that forbid it.</summary>
    internal static IssuanceToken? ForOcspResponse(byte[] toBeSigned, SignatureAlgorithm algorithm, OcspLintContext context, GuardedKey key, out IReadOnlyList<LintFinding> findings) =>
        Grant(toBeSigned, algorithm, key, findings = OcspResponseLinter.Lint(toBeSigned, context));

    /// <summary>The bytes, once, for the key they were prepared for.</summary>
    /// <exception cref="InvalidOperationException">The token was used already, or is for another key.</exception>
    internal ReadOnlyMemory<byte> Redeem(GuardedKey key)
    {
        if (!ReferenceEquals(key, _key))
        {
            throw new InvalidOperationException("The token was prepared for another key.");
        }

        return Interlocked.Exchange(ref _redeemed, 1) == 0 ? _toBeSigned : throw new InvalidOperationException("The token was used already: one token, one signature.");
    }

    private static IssuanceToken? Grant(ReadOnlyMemory<byte> toBeSigned, SignatureAlgorithm algorithm, GuardedKey key, IReadOnlyList<LintFinding> findings) =>
        HasError(findings) ? null : new IssuanceToken(toBeSigned, algorithm, key);

    private static bool HasError(IReadOnlyList<LintFinding> findings)
    {
        foreach (var finding in findings)
        {
            if (finding.Severity == LintSeverity.Error)
            {
                return true;
            }
        }

        return false;
    }
}
