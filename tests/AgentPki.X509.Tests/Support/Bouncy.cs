using AgentPki.Cryptography;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace AgentPki.X509.Tests.Support;

/// <summary>Our keys as BouncyCastle knows them: the other side of every interoperability test.</summary>
internal static class Bouncy
{
    public static AsymmetricKeyParameter Public(PublicKey key) => PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray());

    public static AsymmetricKeyParameter Private(ISigningKey key) => PrivateKeyFactory.CreateKey(((SoftwareSigningKey)key).ExportPkcs8());

    public static ISignatureFactory Signer(ISigningKey key) => Signer(Private(key));

    public static ISignatureFactory Signer(AsymmetricKeyParameter key) => key switch
    {
        ECPrivateKeyParameters ec => new Asn1SignatureFactory(ec.Parameters.Curve.FieldSize > 256 ? "SHA384WITHECDSA" : "SHA256WITHECDSA", ec),
        Ed25519PrivateKeyParameters ed => new Asn1SignatureFactory("Ed25519", ed),
        MLDsaPrivateKeyParameters ml => new Asn1SignatureFactory(ml.Parameters.Name, ml),
        _ => throw new ArgumentException(key.GetType().Name, nameof(key)),
    };

    public static PublicKey PublicOf(AsymmetricKeyParameter key) => PublicKey.Parse(Org.BouncyCastle.X509.SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key).GetEncoded());

    public static SubjectPublicKeyInfo Info(PublicKey key) => SubjectPublicKeyInfo.GetInstance(key.SubjectPublicKeyInfo.ToArray());
}
