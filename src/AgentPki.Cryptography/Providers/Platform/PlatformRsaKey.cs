using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

internal sealed class PlatformRsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, RSA key)
    : SoftwareSigningKey(reference, algorithm, purpose, PublicKey.Parse(key.ExportSubjectPublicKeyInfo()))
{
    public override byte[] ExportPkcs8() => key.ExportPkcs8PrivateKey();

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        Span<byte> digest = stackalloc byte[PlatformVerifier.MaximumDigest];
        digest = digest[..PlatformVerifier.Hash(algorithm, message, digest)];
        lock (key)
        {
            return key.SignHash(digest, PlatformVerifier.HashName(algorithm), PlatformVerifier.Padding(algorithm));
        }
    }

    private protected override void DisposeCore() => key.Dispose();
}
