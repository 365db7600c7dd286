using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

internal sealed class PlatformEcdsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ECDsa key)
    : SoftwareSigningKey(reference, algorithm, purpose, PublicKey.Parse(key.ExportSubjectPublicKeyInfo()))
{
    public static ECCurve CurveOf(KeyAlgorithm algorithm) => algorithm.SizeBits == 256 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384;

    public override byte[] ExportPkcs8() => key.ExportPkcs8PrivateKey();

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        lock (key)
        {
            return key.SignData(message, PlatformVerifier.HashName(algorithm), DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    private protected override void DisposeCore() => key.Dispose();
}
