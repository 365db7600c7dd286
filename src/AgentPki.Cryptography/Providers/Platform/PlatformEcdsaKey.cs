using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

internal sealed class PlatformEcdsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ECDsa key)
    : SoftwareSigningKey(reference, algorithm, purpose, PublicKey.ParseHalf(key.ExportSubjectPublicKeyInfo()))
{
    public static ECCurve CurveOf(KeyAlgorithm algorithm) =>
        algorithm == KeyAlgorithm.EcdsaP256 ? ECCurve.NamedCurves.nistP256
        : algorithm == KeyAlgorithm.EcdsaP384 ? ECCurve.NamedCurves.nistP384
        : algorithm == KeyAlgorithm.EcdsaP521 ? ECCurve.NamedCurves.nistP521
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP256 ? ECCurve.NamedCurves.brainpoolP256r1
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP384 ? ECCurve.NamedCurves.brainpoolP384r1
        : throw new NotSupportedException($"The platform has no {algorithm}.");

    public override byte[] ExportPkcs8() => key.ExportPkcs8PrivateKey();

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        Span<byte> digest = stackalloc byte[PlatformVerifier.MaximumDigest];
        digest = digest[..PlatformVerifier.Hash(algorithm, message, digest)];
        lock (key)
        {
            return key.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    private protected override void DisposeCore() => key.Dispose();
}
