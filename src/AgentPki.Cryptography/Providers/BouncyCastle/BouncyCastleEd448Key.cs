using System.Security.Cryptography;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.EdEC;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>Ed448 (RFC 8032 §5.2), empty context: the half of one composite, and nothing by itself.</summary>
internal sealed class BouncyCastleEd448Key(KeyReference reference, KeyPurpose purpose, Ed448PrivateKeyParameters key)
    : SoftwareSigningKey(reference, KeyAlgorithm.Ed448, purpose, PublicKey.FromKeyBits(KeyAlgorithm.Ed448, key.GeneratePublicKey().GetEncoded()))
{
    private static readonly byte[] NoContext = [];

    /// <exception cref="CryptographicException">Not an Ed448 key (RFC 8410 §7).</exception>
    public static BouncyCastleEd448Key Import(KeyReference reference, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        try
        {
            return new(reference, purpose, (Ed448PrivateKeyParameters)PrivateKeyFactory.CreateKey(pkcs8.ToArray()));
        }
        catch (Exception e) when (e is ArgumentException or InvalidCastException or IOException)
        {
            throw new CryptographicException("The Ed448 private key is not an OCTET STRING of 57 octets (RFC 8410 §7).", e);
        }
    }

    public static bool Verify(PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        var verifier = new Ed448Signer(NoContext);
        verifier.Init(false, new Ed448PublicKeyParameters(key.KeyBits.Span));
        verifier.BlockUpdate(message);
        return verifier.VerifySignature(signature.ToArray());
    }

    public override byte[] ExportPkcs8() =>
        new PrivateKeyInfo(new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed448), new DerOctetString(key.GetEncoded())).GetDerEncoded();

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        var signer = new Ed448Signer(NoContext);
        signer.Init(true, key);
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private protected override void DisposeCore()
    {
    }
}
