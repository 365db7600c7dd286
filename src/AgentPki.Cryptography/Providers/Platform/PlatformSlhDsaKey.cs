using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

#pragma warning disable SYSLIB5006 // SlhDsa is marked experimental; see PlatformPostQuantum

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>An SLH-DSA key (FIPS 205) in the platform's library, which signs hedged (FIPS 205 §3.4).</summary>
internal sealed class PlatformSlhDsaKey : SoftwareSigningKey
{
    private readonly SlhDsa _key;

    private PlatformSlhDsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, SlhDsa key)
        : base(reference, algorithm, purpose, PublicKey.FromKeyBits(algorithm, key.ExportSlhDsaPublicKey())) => _key = key;

    public static PlatformSlhDsaKey Generate(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose) =>
        new(reference, algorithm, purpose, SlhDsa.GenerateKey(PlatformPostQuantum.SlhDsa[algorithm]));

    /// <exception cref="CryptographicException">Not of the set's length.</exception>
    public static PlatformSlhDsaKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey) =>
        privateKey.Length == 2 * algorithm.PublicKeySize
            ? new PlatformSlhDsaKey(reference, algorithm, purpose, SlhDsa.ImportSlhDsaPrivateKey(PlatformPostQuantum.SlhDsa[algorithm], privateKey))
            : throw HashPrivateKey.WrongLength(algorithm, privateKey.Length);

    public override byte[] ExportPkcs8()
    {
        var secret = _key.ExportSlhDsaPrivateKey();
        try
        {
            return PrivateKeyInfo.Write(Algorithm, secret);
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
