using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.EdEC;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.X509;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

internal sealed class BouncyCastleEd25519Key(KeyReference reference, KeyPurpose purpose, Ed25519PrivateKeyParameters key)
    : SoftwareSigningKey(
        reference,
        KeyAlgorithm.Ed25519,
        purpose,
        PublicKey.Parse(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key.GeneratePublicKey()).GetDerEncoded()))
{
    // RFC 8410 §7, version 0 without the public key: OpenSSL 3.0 reads no other (BouncyCastle's factory adds the key and says version 1).
    public override byte[] ExportPkcs8() =>
        new PrivateKeyInfo(new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519), new DerOctetString(key.GetEncoded())).GetDerEncoded();

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        var signer = new Ed25519Signer();
        signer.Init(true, key);
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private protected override void DisposeCore()
    {
    }
}
