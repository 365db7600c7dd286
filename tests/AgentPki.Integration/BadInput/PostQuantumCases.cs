using AgentPki.Integration.Harness;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace AgentPki.Integration.BadInput;

/// <summary>Post-quantum requests that must not be accepted, each with its own reason.</summary>
internal static class PostQuantumCases
{
    private const string MlDsa44 = "2.16.840.1.101.3.4.3.17";
    private const string MlDsa65 = "2.16.840.1.101.3.4.3.18";
    private const string SlhDsaSha2Small128 = "2.16.840.1.101.3.4.3.20";
    private const string MlKem768 = "2.16.840.1.101.3.4.4.2";
    private const string MlDsa65EcdsaP256 = "1.3.6.1.5.5.7.6.45";
    private const string StatementOfPossession = "1.3.6.1.4.1.22112.2.1";

    private static readonly Lazy<AsymmetricCipherKeyPair> Lattice = new(() =>
    {
        var generator = new MLDsaKeyPairGenerator();
        generator.Init(new MLDsaKeyGenerationParameters(new SecureRandom(), MLDsaParameters.ml_dsa_65));
        return generator.GenerateKeyPair();
    });

    public static IEnumerable<HostileCase> All => [.. Signatures(), .. Keys(), .. Identifiers(), .. Encapsulation()];

    private static IEnumerable<HostileCase> Signatures() =>
    [
        Case("ML-DSA signature one octet short", "signature", _ => Request() with { Sign = info => Sign(info)[..^1] }),
        Case("ML-DSA signature one octet long", "signature", _ => Request() with { Sign = info => [.. Sign(info), 0] }),
        Case("ML-DSA signature with one bit turned", "signature", _ => Request() with { Sign = info => Turned(Sign(info)) }),
        Case("ML-DSA signature of other octets", "signature", _ => Request() with { Sign = _ => Sign([1, 2, 3]) }),
        Case("ML-DSA signature that is empty", "signature", _ => Request() with { Sign = _ => [] }),
        Case("ML-DSA signature of 60,000 octets", "signature", _ => Request() with { Sign = _ => new byte[60_000] }),
        Case("ECDSA signature for an ML-DSA key", "cannot do", _ => Request() with { SignatureAlgorithm = Der.Algorithm(RawCsr.EcdsaSha256) }),
        Case("ML-DSA-44 signature algorithm for an ML-DSA-65 key", "cannot do", _ => Request() with { SignatureAlgorithm = Der.Algorithm(MlDsa44) }),
        Case("SLH-DSA signature algorithm for an ML-DSA key", "cannot do", _ => Request() with { SignatureAlgorithm = Der.Algorithm(SlhDsaSha2Small128) }),
    ];

    private static IEnumerable<HostileCase> Keys() =>
    [
        Case("ML-DSA-65 key one octet short", "1952 octets, not 1951", _ => Request() with { Spki = Spki(MlDsa65, new byte[1951]) }),
        Case("ML-DSA-65 key one octet long", "1952 octets, not 1953", _ => Request() with { Spki = Spki(MlDsa65, new byte[1953]) }),
        Case("ML-DSA-44 key under the name of ML-DSA-65", "1952 octets, not 1312", _ => Request() with { Spki = Spki(MlDsa65, new byte[1312]) }),
        Case("SLH-DSA key of another set's length", "32 octets, not 48", _ => Request() with { Spki = Spki(SlhDsaSha2Small128, new byte[48]), SignatureAlgorithm = Der.Algorithm(SlhDsaSha2Small128) }),
        Case("composite key that is its ML-DSA half alone", "2017 octets, not 1952", _ => Request() with { Spki = Spki(MlDsa65EcdsaP256, new byte[1952]), SignatureAlgorithm = Der.Algorithm(MlDsa65EcdsaP256) }),
        Case("composite key whose point is not on its curve", "mldsa65-ecdsa-p256", _ => Request() with { Spki = Spki(MlDsa65EcdsaP256, [.. new byte[1952], 4, .. new byte[64]]), SignatureAlgorithm = Der.Algorithm(MlDsa65EcdsaP256) }),
    ];

    private static IEnumerable<HostileCase> Identifiers() =>
    [
        Case("ML-DSA key with NULL parameters", "must be absent", _ => Request() with { Spki = Der.Sequence(Der.Algorithm(MlDsa65, Der.Null), Der.BitString(new byte[1952])) }),
        Case("ML-DSA signature with NULL parameters", "must be absent", _ => Request() with { SignatureAlgorithm = Der.Algorithm(MlDsa65, Der.Null) }),
        Case("ML-KEM key with NULL parameters", "must be absent", _ => Request() with { Spki = Der.Sequence(Der.Algorithm(MlKem768, Der.Null), Der.BitString(new byte[1184])) }),
        Case("composite signature with parameters", "must be absent", _ => Request() with { SignatureAlgorithm = Der.Algorithm(MlDsa65EcdsaP256, Der.Sequence()) }),
        Case("HashML-DSA signature", "pre-hash", _ => Request() with { SignatureAlgorithm = Der.Algorithm("2.16.840.1.101.3.4.3.33") }),
        Case("HashSLH-DSA key", "pre-hash", _ => Request() with { Spki = Spki("2.16.840.1.101.3.4.3.35", new byte[32]) }),
        Case("Dilithium key of round 3", "older draft", _ => Request() with { Spki = Spki("1.3.6.1.4.1.2.267.7.6.5", new byte[1952]) }),
        Case("Dilithium key of Open Quantum Safe", "older draft", _ => Request() with { Spki = Spki("1.3.9999.2.7.4", new byte[1952]) }),
        Case("Kyber key of an older draft", "older draft", _ => Request() with { Spki = Spki("1.3.6.1.4.1.22554.5.6.2", new byte[1184]) }),
        Case("composite key of draft 04", "older draft", _ => Request() with { Spki = Spki("2.16.840.1.114027.80.8.1.28", new byte[2017]) }),
        Case("composite signature of draft 07", "older draft", _ => Request() with { SignatureAlgorithm = Der.Algorithm("2.16.840.1.114027.80.9.1.8") }),
    ];

    private static IEnumerable<HostileCase> Encapsulation() =>
    [
        Case("ML-KEM key without a statement of possession", "RFC 9883", _ => RawCsr.New() with { Spki = Spki(MlKem768, new byte[1184]) }),
        Case("ML-KEM key with a coefficient above the modulus", "3329", _ => RawCsr.New() with { Spki = Spki(MlKem768, [0xFF, 0xFF, .. new byte[1182]]) }),
        Case("statement of possession that is no statement", "statementOfPossession", _ => Stated(Der.Null)),
        Case("statement of possession by a certificate that is not ours", "profile", _ => Stated(Der.Sequence(Der.Sequence(Der.CommonName("nobody"), Der.Integer(1))))),
        Label("statement of possession by a certificate that is not ours", "did not issue", world => Stated(Der.Sequence(Der.Sequence(Der.CommonName("nobody"), Der.Integer(1))))),
        Label("statement of possession with the agent's certificate under a stranger's signature", "does not verify", world => Stated(Der.Sequence(IssuerAndSerial(world)))),
        Label("statement of possession whose certificate is another than it names", "not the one", world => Stated(Der.Sequence(Der.Sequence(Der.CommonName("nobody"), Der.Integer(1)), world.Agent.Certificate.RawData))),
    ];

    private static RawCsr Request() => RawCsr.New() with
    {
        Spki = SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(Lattice.Value.Public).GetDerEncoded(),
        SignatureAlgorithm = Der.Algorithm(MlDsa65),
        Sign = Sign,
    };

    private static RawCsr Stated(byte[] statement)
    {
        var request = RawCsr.New() with { Spki = Spki(MlKem768, new byte[1184]) };
        return request with
        {
            Attributes = Der.Context(0, RawCsr.ExtensionRequestAttribute(request.Extensions), Der.Sequence(Der.Oid(StatementOfPossession), Der.Set(statement))),
        };
    }

    private static byte[] IssuerAndSerial(HostileWorld world) =>
        Der.Sequence(world.Agent.Certificate.IssuerName.RawData, Der.Integer(Convert.FromHexString(world.Agent.Certificate.SerialNumber)));

    private static HostileCase Case(string name, string says, Func<HostileWorld, RawCsr> request) =>
        new($"post-quantum: {name}", 400, says, Trace.Entry, world => world.Enroll(request(world)));

    private static HostileCase Label(string name, string says, Func<HostileWorld, RawCsr> request) =>
        new($"post-quantum: {name} (label ml-kem-768)", 400, says, Trace.Entry, world => Requests.Enroll("ml-kem-768/simpleenroll", request(world).Encode(), world.Basic));

    private static byte[] Spki(string oid, byte[] key) => Der.Sequence(Der.Algorithm(oid), Der.BitString(key));

    private static byte[] Sign(byte[] message)
    {
        var signer = SignerUtilities.GetSigner("ML-DSA-65");
        signer.Init(true, Lattice.Value.Private);
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private static byte[] Turned(byte[] signature)
    {
        signature[1000] ^= 1;
        return signature;
    }
}
