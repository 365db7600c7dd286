using System.Security.Cryptography;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>A key made for a requester.</summary>
/// <param name="Pkcs8">An unencrypted DER PrivateKeyInfo (RFC 5958); of ML-DSA and ML-KEM keys the seed alone (RFC 9881 §6, RFC 9935 §6).</param>
internal sealed record MadeKey(PublicKey PublicKey, byte[] Pkcs8);

/// <summary>
/// Makes keys for EST serverkeygen (RFC 7030 §4.4) in software: they leave the appliance at once, so that a token would only be in the way.
/// Nothing of them is kept.
/// </summary>
internal sealed class SubjectKeyMaker(CryptoProviders providers)
{
    private static readonly TimeSpan NotSoon = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The kind of key that a request for serverkeygen gets: its own key's (RFC 7030 §4.4.1: it says what is wanted) where the profile takes that, else the profile's first.
    /// So a client can have an ML-KEM key, with which it could not have signed a request.
    /// </summary>
    public static KeyAlgorithm KindFor(Pkcs10Request csr, CertificateProfile profile) =>
        profile.KeyAlgorithms.Contains(csr.PublicKey.Algorithm) ? csr.PublicKey.Algorithm : profile.KeyAlgorithms[0];

    /// <exception cref="KeyUnavailableException">No software provider makes keys of that kind.</exception>
    public async ValueTask<MadeKey> MakeAsync(KeyAlgorithm algorithm, CancellationToken cancellationToken)
    {
        await using var key = await GenerateAsync(algorithm, cancellationToken);
        return key switch
        {
            SoftwareSigningKey signing => new MadeKey(key.PublicKey, signing.ExportPkcs8()),
            SoftwareDecapsulationKey decapsulation => new MadeKey(key.PublicKey, decapsulation.ExportPkcs8()),
            _ => throw new KeyUnavailableException("A provider makes keys that cannot be handed out.", NotSoon),
        };
    }

    /// <summary>A key that signs, while its request is made; it can be exported, and is gone when it is disposed.</summary>
    /// <inheritdoc cref="MakeAsync"/>
    public async ValueTask<SoftwareSigningKey> MakeSigningAsync(KeyAlgorithm algorithm, CancellationToken cancellationToken) =>
        await GenerateAsync(algorithm, cancellationToken) as SoftwareSigningKey ?? throw new KeyUnavailableException("A provider makes keys that cannot be handed out.", NotSoon);

    private async ValueTask<IPrivateKey> GenerateAsync(KeyAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var provider = providers.All.FirstOrDefault(p => p.Protection == KeyProtection.Software
                && p.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Generate)
                && (algorithm.CanSign || p is IKeyEncapsulationProvider))
            ?? throw new KeyUnavailableException($"No software provider makes {algorithm} keys.", NotSoon);
        var spec = new KeySpec($"subject-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}", algorithm, KeyPurpose.Subject);
        return algorithm.CanEncapsulate && provider is IKeyEncapsulationProvider encapsulation
            ? await encapsulation.GenerateDecapsulationKeyAsync(spec, cancellationToken)
            : await provider.GenerateAsync(spec, cancellationToken);
    }
}
