using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>An ML-KEM key (FIPS 203) in the platform's library.</summary>
internal sealed class PlatformMlKemKey : SoftwareDecapsulationKey
{
    private readonly MLKem _key;
    private readonly bool _hasSeed;

    private PlatformMlKemKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, MLKem key, bool hasSeed)
        : base(reference, purpose, PublicKey.FromKeyBits(algorithm, key.ExportEncapsulationKey())) => (_key, _hasSeed) = (key, hasSeed);

    public static PlatformMlKemKey Generate(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose) =>
        new(reference, algorithm, purpose, MLKem.GenerateKey(PlatformPostQuantum.MlKem[algorithm]), hasSeed: true);

    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other.</exception>
    public static PlatformMlKemKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey)
    {
        var form = LatticePrivateKey.Read(algorithm, privateKey);
        var name = PlatformPostQuantum.MlKem[algorithm];
        if (!form.Seed.IsEmpty)
        {
            var key = MLKem.ImportPrivateSeed(name, form.Seed);
            form.CheckExpanded(algorithm, key.ExportDecapsulationKey());
            return new PlatformMlKemKey(reference, algorithm, purpose, key, hasSeed: true);
        }

        PlatformMlKemKey expanded;
        try
        {
            expanded = new PlatformMlKemKey(reference, algorithm, purpose, MLKem.ImportDecapsulationKey(name, form.Expanded), hasSeed: false);
        }
        catch (CryptographicException e)
        {
            throw LatticePrivateKey.Inconsistent(algorithm, e);
        }

        // FIPS 203 §7.1, pair-wise consistency: the secret vector is checked by nothing else.
        return expanded.Opens(Encapsulate(expanded.PublicKey)) ? expanded : throw LatticePrivateKey.Inconsistent(algorithm);
    }

    public static KeyEncapsulation Encapsulate(PublicKey key)
    {
        using var recipient = MLKem.ImportEncapsulationKey(PlatformPostQuantum.MlKem[key.Algorithm], key.KeyBits.Span);
        recipient.Encapsulate(out var ciphertext, out var secret);
        return new KeyEncapsulation(ciphertext, secret);
    }

    public override byte[] ExportPkcs8()
    {
        var secret = _hasSeed ? _key.ExportPrivateSeed() : _key.ExportDecapsulationKey();
        try
        {
            return _hasSeed ? LatticePrivateKey.WriteSeed(Algorithm, secret) : LatticePrivateKey.WriteExpanded(Algorithm, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private protected override byte[] DecapsulateCore(ReadOnlySpan<byte> ciphertext)
    {
        var secret = new byte[32]; // FIPS 203 table 3
        lock (_key)
        {
            _key.Decapsulate(ciphertext, secret);
        }

        return secret;
    }

    private protected override void DisposeCore() => _key.Dispose();
}
