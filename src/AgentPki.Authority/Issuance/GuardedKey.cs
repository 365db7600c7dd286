using AgentPki.Cryptography;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// A private key that signs certificates, CRLs or OCSP responses: the only holder of the <see cref="ISigningKey"/>, which it gives to
/// nobody and uses for an <see cref="IssuanceToken"/> only, and for a probe's sentence. It is opened when first needed, so that the appliance starts, and says so, while its token is away.
/// </summary>
public sealed class GuardedKey : IAsyncDisposable
{
    private readonly CryptoProviders _providers;
    private readonly KeyReference _reference;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile ISigningKey? _key;

    private GuardedKey(CryptoProviders providers, KeyReference reference, PublicKey publicKey, ISigningKey? key) =>
        (_providers, _reference, PublicKey, _key) = (providers, reference, publicKey, key);

    public PublicKey PublicKey { get; }

    /// <summary>Where it is.</summary>
    public KeyReference Reference => _reference;

    /// <summary>How the key is kept: as the key says, or before it was opened as its provider keeps that kind; null when there is no such provider.</summary>
    public KeyProtection? Protection => _key?.Protection ?? _providers.Find(_reference.Provider)?.ProtectionFor(PublicKey.Algorithm);

    /// <summary>Guards a key that was just generated or opened; from now on nobody else may hold it.</summary>
    /// <exception cref="ArgumentException">The key has another purpose.</exception>
    public static GuardedKey Take(CryptoProviders providers, ISigningKey key)
    {
        CheckPurpose(key);
        return new GuardedKey(providers, key.Reference, key.PublicKey, key);
    }

    /// <summary>Guards a key by its reference; <paramref name="publicKey"/> is what its certificate says and what it must turn out to be.</summary>
    public static GuardedKey Find(CryptoProviders providers, KeyReference reference, PublicKey publicKey) => new(providers, reference, publicKey, null);

    /// <summary>Signs the token's bytes. Once it has begun it ends: a cancelled caller finds its certificate recorded (invariant 6).</summary>
    /// <param name="cancellationToken">Ends the wait for the key; not the signature.</param>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now; the token is spent all the same.</exception>
    internal async ValueTask<byte[]> SignAsync(IssuanceToken token, CancellationToken cancellationToken)
    {
        var toBeSigned = token.Redeem(this);
        var key = _key ?? await OpenAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return await key.SignAsync(token.Algorithm, toBeSigned, CancellationToken.None);
    }

    /// <summary>Opens the key and has it sign a sentence that is no object of any kind (<see cref="KeyProbe"/>): what <c>doctor</c> asks.</summary>
    /// <exception cref="KeyUnavailableException">The provider or the key is not there, cannot sign now, or is not the one its certificate names.</exception>
    public async ValueTask<IReadOnlyList<ProbedKey>> ProbeAsync(SignatureAlgorithm algorithm, CancellationToken cancellationToken) =>
        await KeyProbe.RunAsync(_key ?? await OpenAsync(cancellationToken), algorithm, PublicKey, _providers, cancellationToken);

    /// <summary>
    /// Signs a request for its own certificate (PKCS#10), which is put together here: a CertificationRequestInfo has a Name where a TBSCertificate or a
    /// TBSCertList has an AlgorithmIdentifier, so that no signature of this kind can be taken for a certificate's (invariant 1).
    /// </summary>
    /// <param name="alternative">A second key that is to stand in the certificate, and signs too; null: there is none.</param>
    /// <exception cref="KeyUnavailableException">A key cannot sign now.</exception>
    internal async ValueTask<byte[]> RequestCertificateAsync(X500Name subject, GuardedKey? alternative, CancellationToken cancellationToken)
    {
        var key = _key ?? await OpenAsync(cancellationToken);
        var second = alternative is null ? null : alternative._key ?? await alternative.OpenAsync(cancellationToken);
        return await Pkcs10Request.CreateAsync(subject, [], key, new Pkcs10Options { AlternativeKey = second }, CancellationToken.None);
    }

    /// <summary>Opens the key if it is not open: what readiness asks.</summary>
    /// <exception cref="KeyUnavailableException">The provider or the key is not there.</exception>
    internal async ValueTask EnsureOpenAsync(CancellationToken cancellationToken) => _ = _key ?? await OpenAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_key is { } key)
        {
            await key.DisposeAsync();
        }

        _opening.Dispose();
    }

    private async ValueTask<ISigningKey> OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_key is { } opened)
            {
                return opened;
            }

            if (_reference.IsElsewhere)
            {
                throw new KeyUnavailableException($"The key '{_reference.Label}' is not in this appliance: what it is to sign is signed where it is, in a ceremony, and installed here.", TimeSpan.FromHours(1));
            }

            var provider = _providers.Find(_reference.Provider)
                ?? throw new KeyUnavailableException($"No crypto provider is named '{_reference.Provider}', which keeps key '{_reference.Label}'.", TimeSpan.FromMinutes(1));
            var key = await provider.OpenAsync(_reference.Label, cancellationToken)
                ?? throw new KeyUnavailableException($"Provider '{_reference.Provider}' has no key '{_reference.Label}'.", TimeSpan.FromMinutes(1));
            CheckPurpose(key);
            if (!key.PublicKey.Equals(PublicKey))
            {
                await key.DisposeAsync();
                throw new KeyUnavailableException($"Key '{_reference.Label}' of provider '{_reference.Provider}' is not the one its certificate names.", TimeSpan.FromMinutes(1));
            }

            return _key = key;
        }
        finally
        {
            _opening.Release();
        }
    }

    private static void CheckPurpose(ISigningKey key)
    {
        if (key.Purpose is not (KeyPurpose.CertificateAuthority or KeyPurpose.OcspResponder))
        {
            throw new ArgumentException($"Key '{key.Reference.Label}' is for {key.Purpose}: one key, one purpose.", nameof(key));
        }
    }
}
