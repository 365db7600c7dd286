using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>Verifications that this library does: EdDSA, ML-DSA and SLH-DSA.</summary>
internal static class BouncyCastleVerifier
{
    public static bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != key.Algorithm.SignatureSize)
        {
            return false;
        }

        try
        {
            if (key.Algorithm == KeyAlgorithm.Ed448)
            {
                return BouncyCastleEd448Key.Verify(key, message, signature);
            }

            var (signer, parameters) = For(key);
            signer.Init(false, parameters.WithContext(algorithm));
            signer.BlockUpdate(message);
            return signer.VerifySignature(signature.ToArray());
        }
        catch (ArgumentException)
        {
            // Not every 32 octets are a point of Ed25519's curve (RFC 8032 §5.1.3): a key that is none has made no signature.
            return false;
        }
    }

    private static (ISigner Signer, ICipherParameters Key) For(PublicKey key)
    {
        if (BouncyCastleParameters.MlDsa.TryGetValue(key.Algorithm, out var mlDsa))
        {
            return (new MLDsaSigner(mlDsa, deterministic: false), MLDsaPublicKeyParameters.FromEncoding(mlDsa, key.KeyBits.ToArray()));
        }

        return BouncyCastleParameters.SlhDsa.TryGetValue(key.Algorithm, out var slhDsa)
            ? (new SlhDsaSigner(slhDsa, deterministic: false), SlhDsaPublicKeyParameters.FromEncoding(slhDsa, key.KeyBits.ToArray()))
            : (new Ed25519Signer(), new Ed25519PublicKeyParameters(key.KeyBits.Span));
    }
}
