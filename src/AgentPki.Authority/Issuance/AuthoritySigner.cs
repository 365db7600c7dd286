using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// How one CA signs: once, or in two phases when it has an alternative key (X.509 (2019) §7.2.2, §7.10.3). In the first phase the alternative key signs what was linted
/// without its signature field; its signature enters the octets, which are linted again, and the CA's first key signs the whole. Each phase has its own
/// one-use token, so that neither key signs what was not linted (invariant 1); what leaves here was read back and both signatures verified (invariant 3).
/// </summary>
internal sealed class AuthoritySigner(string name, GuardedKey key, AlternativeSigner? alternative, CryptoProviders providers)
{
    /// <summary>How the keys are kept; null until they were opened.</summary>
    public KeyProtection? Protection => key.Protection;

    public KeyProtection? AlternativeProtection => alternative?.Key.Protection;

    /// <summary>The certificate, or null with the findings that forbid it.</summary>
    /// <param name="tbs">Everything but the extensions of the alternative signature, which are added here.</param>
    /// <param name="cancellationToken">Heeded until the first signature begins.</param>
    /// <exception cref="KeyUnavailableException">A key cannot sign now; nothing was made.</exception>
    /// <exception cref="SignatureRejectedException">What a key returned does not verify, or does not read back.</exception>
    public async ValueTask<(Certificate? Certificate, IReadOnlyList<LintFinding> Findings)> SignAsync(TbsCertificate tbs, LintContext context, CancellationToken cancellationToken)
    {
        context = Complete(context, tbs.Signature);
        var toBeSigned = Encode(tbs);
        if (alternative is not null)
        {
            // 1. What will be signed, but for the alternative signature itself: linted, and the token is for its PreTBSCertificate.
            if (IssuanceToken.ForPreCertificate(toBeSigned, alternative.Signature, context, alternative.Key, out var early) is not { } first)
            {
                return (null, early);
            }

            // 2. The alternative signature enters the octets. From here on the caller's going away changes nothing.
            toBeSigned = PreTbs.CompleteCertificate(toBeSigned, await SignAlternativeAsync(alternative, first, cancellationToken));
            cancellationToken = CancellationToken.None;
        }

        // 3. Exactly these octets are linted, and the token is for them.
        if (IssuanceToken.ForCertificate(toBeSigned, tbs.Signature, context, key, out var findings) is not { } token)
        {
            return (null, findings);
        }

        var signature = await key.SignAsync(token, cancellationToken);
        return (Accept(Certificate.Assemble(token.ToBeSigned.Span, tbs.Signature, signature)), []);
    }

    /// <summary>
    /// Signs a TBSCertList, or gives null with the findings that forbid it; the same two phases. With one key the octets stay where they are, with two the completed ones are a copy in memory.
    /// </summary>
    /// <param name="toBeSigned">With the altSignatureAlgorithm of the alternative key, where there is one, and without its value.</param>
    /// <exception cref="KeyUnavailableException">A key cannot sign now.</exception>
    /// <exception cref="SignatureRejectedException">What the alternative key returned does not verify.</exception>
    public async ValueTask<(SignedList? List, IReadOnlyList<LintFinding> Findings)> SignListAsync(
        ReadOnlyMemory<byte> toBeSigned, SignatureAlgorithm signature, CertificateListLintContext context, CancellationToken cancellationToken)
    {
        context = context with { SigningAlgorithm = signature, AlternativeSigningAlgorithm = alternative?.Signature };
        if (alternative is not null)
        {
            if (IssuanceToken.ForPreCertificateList(toBeSigned, alternative.Signature, context, alternative.Key, out var early) is not { } first)
            {
                return (null, early);
            }

            toBeSigned = PreTbs.CompleteCertificateList(toBeSigned, await SignAlternativeAsync(alternative, first, cancellationToken));
        }

        return IssuanceToken.ForCertificateList(toBeSigned, signature, context, key, out var findings) is { } token
            ? (new SignedList(token.ToBeSigned, await key.SignAsync(token, cancellationToken)), [])
            : (null, findings);
    }

    /// <summary>A token for the first key over a certificate that is complete already: for a CA with an alternative key, one that has the alternative signature.</summary>
    public IssuanceToken? Prepare(TbsCertificate tbs, LintContext context, out IReadOnlyList<LintFinding> findings) =>
        IssuanceToken.ForCertificate(tbs.Encode(), tbs.Signature, Complete(context, tbs.Signature), key, out findings);

    public ValueTask<byte[]> SignAsync(IssuanceToken token, CancellationToken cancellationToken) => key.SignAsync(token, cancellationToken);

    /// <exception cref="KeyUnavailableException">A key is not there.</exception>
    public async ValueTask EnsureKeysAsync(CancellationToken cancellationToken)
    {
        await key.EnsureOpenAsync(cancellationToken);
        if (alternative is not null)
        {
            await alternative.Key.EnsureOpenAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeKeysAsync()
    {
        await key.DisposeAsync();
        if (alternative is not null)
        {
            await alternative.Key.DisposeAsync();
        }
    }

    /// <summary>Reads a signed CRL again and verifies it (invariant 3).</summary>
    /// <exception cref="SignatureRejectedException">It does not read back, or a signature is wrong.</exception>
    public void AcceptList(ReadOnlyMemory<byte> der)
    {
        if (!CertificateList.TryParse(der, out var list, out var error))
        {
            throw new SignatureRejectedException($"The signed CRL of '{name}' does not read back: {error}");
        }

        if (!list.VerifySignature(key.PublicKey, providers) || (alternative is not null && !list.VerifyAlternativeSignature(alternative.Key.PublicKey, providers)))
        {
            throw new SignatureRejectedException($"The signed CRL of '{name}' does not verify.");
        }
    }

    private LintContext Complete(LintContext context, SignatureAlgorithm signature) =>
        context with { SigningAlgorithm = signature, AlternativeSigningAlgorithm = alternative?.Signature };

    // X.509 (2019) §9.8.3
    private byte[] Encode(TbsCertificate tbs) =>
        (alternative is null ? tbs : tbs with { Extensions = [.. tbs.Extensions, X509Extension.AltSignatureAlgorithm(alternative.Signature)] }).Encode();

    // Verified before the first key is asked for anything: what a wrong alternative key returns never gets a primary signature.
    private async ValueTask<byte[]> SignAlternativeAsync(AlternativeSigner signer, IssuanceToken token, CancellationToken cancellationToken)
    {
        var signature = await signer.Key.SignAsync(token, cancellationToken);
        return providers.Verify(signer.Key.PublicKey, signer.Signature, token.ToBeSigned.Span, signature)
            ? signature
            : throw new SignatureRejectedException($"The alternative signature that the alternative key of CA '{name}' made does not verify with its public key.");
    }

    private Certificate Accept(byte[] der)
    {
        if (!Certificate.TryParse(der, out var certificate, out var error))
        {
            throw new SignatureRejectedException($"The signed certificate does not read back: {error}");
        }

        if (!certificate.VerifySignature(key.PublicKey, providers))
        {
            throw new SignatureRejectedException($"The signature that the key of CA '{name}' made does not verify with the CA's public key.");
        }

        return alternative is null || certificate.VerifyAlternativeSignature(alternative.Key.PublicKey, providers)
            ? certificate
            : throw new SignatureRejectedException($"The alternative signature in a certificate of CA '{name}' does not verify with the CA's alternative public key.");
    }
}
