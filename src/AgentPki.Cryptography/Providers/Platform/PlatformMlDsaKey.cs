using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>An ML-DSA key (FIPS 204) in the platform's library, which signs hedged (FIPS 204 §3.4).</summary>
internal sealed class PlatformMlDsaKey : SoftwareSigningKey
{
    private readonly MLDsa _key;
    private readonly bool _hasSeed;

    private PlatformMlDsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, MLDsa key, bool hasSeed)
        : base(reference, algorithm, purpose, PublicKey.FromKeyBits(algorithm, key.ExportMLDsaPublicKey())) => (_key, _hasSeed) = (key, hasSeed);

    public static PlatformMlDsaKey Generate(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose) =>
        new(reference, algorithm, purpose, MLDsa.GenerateKey(PlatformPostQuantum.MlDsa[algorithm]), hasSeed: true);

    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other.</exception>
    public static PlatformMlDsaKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey)
    {
        var form = LatticePrivateKey.Read(algorithm, privateKey);
        var name = PlatformPostQuantum.MlDsa[algorithm];
        if (!form.Seed.IsEmpty)
        {
            var key = MLDsa.ImportMLDsaPrivateSeed(name, form.Seed);
            form.CheckExpanded(algorithm, key.ExportMLDsaPrivateKey());
            return new PlatformMlDsaKey(reference, algorithm, purpose, key, hasSeed: true);
        }

        try
        {
            return new PlatformMlDsaKey(reference, algorithm, purpose, MLDsa.ImportMLDsaPrivateKey(name, form.Expanded), hasSeed: false);
        }
        catch (CryptographicException e)
        {
            throw LatticePrivateKey.Inconsistent(algorithm, e);
        }
    }

    public override byte[] ExportPkcs8()
    {
        var secret = _hasSeed ? _key.ExportMLDsaPrivateSeed() : _key.ExportMLDsaPrivateKey();
        try
        {
            return _hasSeed ? LatticePrivateKey.WriteSeed(Algorithm, secret) : LatticePrivateKey.WriteExpanded(Algorithm, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        var signature = new byte[Algorithm.SignatureSize];
        lock (_key)
        {
            _key.SignData(message, signature, algorithm.Context.Span);
        }

        return signature;
    }

    private protected override void DisposeCore() => _key.Dispose();
}
