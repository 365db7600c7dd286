using AgentPki.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace AgentPki.Testing;

/// <summary>A second verifier of composite signatures: taken apart, each half judged by BouncyCastle, M' built from the draft's text once more.</summary>
public static class ForeignComposite
{
    public static bool Verify(PublicKey key, byte[] message, byte[] signature)
    {
        if (key.Algorithm.Composite is not { } parts || !key.TryGetHalves(out var mlDsa, out var traditional))
        {
            return false;
        }

        var representative = Representative(parts, message);
        var split = parts.MlDsa.SignatureSize;
        return VerifyMlDsa(mlDsa, parts.LabelText, representative, signature[..split]) && VerifyTraditional(traditional, key.Algorithm.Name, representative, signature[split..]);
    }

    /// <summary>draft §3.2, written a second time with BouncyCastle's digests.</summary>
    private static byte[] Representative(CompositeDefinition parts, byte[] message)
    {
        byte[] digest;
        if (parts.LabelText.EndsWith("SHAKE256", StringComparison.Ordinal))
        {
            digest = new byte[64];
            var shake = new ShakeDigest(256);
            shake.BlockUpdate(message, 0, message.Length);
            shake.OutputFinal(digest, 0, 64);
        }
        else
        {
            digest = DigestUtilities.CalculateDigest(parts.LabelText.EndsWith("SHA256", StringComparison.Ordinal) ? "SHA-256" : "SHA-512", message);
        }

        return [.. "CompositeAlgorithmSignatures2025"u8, .. System.Text.Encoding.ASCII.GetBytes(parts.LabelText), 0, .. digest];
    }

    private static bool VerifyMlDsa(PublicKey key, string label, byte[] message, byte[] signature)
    {
        var parameters = PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray());
        var verifier = new MLDsaSigner(((MLDsaPublicKeyParameters)parameters).Parameters, deterministic: false);
        verifier.Init(false, new ParametersWithContext(parameters, System.Text.Encoding.ASCII.GetBytes(label)));
        verifier.BlockUpdate(message, 0, message.Length);
        return verifier.VerifySignature(signature);
    }

    private static bool VerifyTraditional(PublicKey key, string name, byte[] message, byte[] signature)
    {
        var verifier = SignerUtilities.GetSigner(
            name.Contains("rsa4096-pss", StringComparison.Ordinal) ? "SHA-384withRSAandMGF1"
            : name.Contains("-pss", StringComparison.Ordinal) ? "SHA-256withRSAandMGF1"
            : name.Contains("rsa4096", StringComparison.Ordinal) ? "SHA-384withRSA"
            : name.Contains("rsa", StringComparison.Ordinal) ? "SHA-256withRSA"
            : name.Contains("ed25519", StringComparison.Ordinal) ? "Ed25519"
            : name.Contains("ed448", StringComparison.Ordinal) ? "Ed448"
            : name.Contains("p521", StringComparison.Ordinal) ? "SHA-512withECDSA"
            : name.Contains("384", StringComparison.Ordinal) ? "SHA-384withECDSA"
            : "SHA-256withECDSA");
        verifier.Init(false, PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray()));
        verifier.BlockUpdate(message, 0, message.Length);
        return verifier.VerifySignature(signature);
    }
}
