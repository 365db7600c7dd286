using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.X509;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

internal sealed class BouncyCastleEd25519Key(KeyReference reference, KeyPurpose purpose, Ed25519PrivateKeyParameters key)
    : SoftwareSigningKey(
        reference,
        KeyAlgorithm.Ed25519,
        purpose,
        PublicKey.Parse(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key.GeneratePublicKey()).GetDerEncoded()))
{
    public override byte[] ExportPkcs8() => PrivateKeyInfoFactory.CreatePrivateKeyInfo(key).GetDerEncoded();

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
