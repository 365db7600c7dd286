using System.Security.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Requests that are well formed and whose key, algorithm or proof of possession must not be accepted.</summary>
internal static class KeyCases
{
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private const string P256 = "1.2.840.10045.3.1.7";

    public static IEnumerable<HostileCase> All => [.. Possession(), .. Algorithms(), .. Rsa(), .. Curves()];

    private static IEnumerable<HostileCase> Possession() =>
    [
        Key("signature of other octets", "signature", world => RawCsr.New() with { Sign = _ => Csr.NewP256().SignData([1, 2, 3], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) }),
        Key("signature by another key", "signature", world => RawCsr.New() with { Spki = Csr.NewP256().ExportSubjectPublicKeyInfo() }),
        Key("signature with one bit turned", "signature", world => Turned(RawCsr.New())),
        Key("empty signature", "signature", world => RawCsr.New() with { Sign = _ => [] }),
        Key("ECDSA signature with r = 0 and s = 0", "signature", world => RawCsr.New() with { Sign = _ => Der.Sequence(Der.Integer(0), Der.Integer(0)) }),
        Key("ECDSA signature with huge integers", "signature", world => RawCsr.New() with { Sign = _ => Der.Sequence(Der.Integer(Big(400)), Der.Integer(Big(400))) }),
        Key("ECDSA signature as r‖s", "signature", world => Plain(RawCsr.New())),
        Key("ECDSA signature that is not DER", "signature", world => RawCsr.New() with { Sign = _ => Big(70) }),
        Key("key of another agent", "key", world => RawCsr.For(world.Agent.Key, Csr.NewName("thief"))),
    ];

    private static IEnumerable<HostileCase> Algorithms() =>
    [
        Algorithm("null signature algorithm", Der.Sequence(Der.Null)),
        Algorithm("empty signature algorithm", Der.Sequence()),
        Algorithm("unknown signature algorithm", Der.Algorithm("1.3.6.1.4.1.32473.99")),
        Algorithm("ECDSA with SHA-1", Der.Algorithm("1.2.840.10045.4.1")),
        Algorithm("RSA with MD5", Der.Algorithm("1.2.840.113549.1.1.4", Der.Null)),
        Algorithm("RSA with SHA-1", Der.Algorithm("1.2.840.113549.1.1.5", Der.Null)),
        Algorithm("RSA with MD2", Der.Algorithm("1.2.840.113549.1.1.2", Der.Null)),
        Algorithm("a digest as signature algorithm", Der.Algorithm("2.16.840.1.101.3.4.2.1")),
        Algorithm("RSA signature algorithm for an EC key", Der.Algorithm("1.2.840.113549.1.1.11", Der.Null)),
        Algorithm("no signature (RFC 6211's id-alg-noSignature)", Der.Algorithm("1.3.6.1.5.5.7.6.2")),
        Algorithm("composite algorithm of an old draft", Der.Algorithm("2.16.840.1.114027.80.8.1.1")),
        Spki("unknown key algorithm", Der.Sequence(Der.Algorithm("1.3.6.1.4.1.32473.98"), Der.BitString(Big(64)))),
        Spki("DSA key", Der.Sequence(Der.Algorithm("1.2.840.10040.4.1", Der.Sequence(Der.Integer(23), Der.Integer(11), Der.Integer(4))), Der.BitString(Der.Integer(8)))),
        Spki("X25519 key, which cannot sign", Der.Sequence(Der.Algorithm("1.3.101.110"), Der.BitString(Big(32)))),
        Spki("Ed448 key", Der.Sequence(Der.Algorithm("1.3.101.113"), Der.BitString(Big(57)))),
        Spki("Ed25519 key of 31 octets", Der.Sequence(Der.Algorithm("1.3.101.112"), Der.BitString(Big(31)))),
        Spki("RSA key without an exponent", Der.Sequence(Der.Algorithm("1.2.840.113549.1.1.1", Der.Null), Der.BitString(Der.Sequence(Der.Integer(Big(257)))))),
        Spki("RSA modulus of 128 kbit", Der.Sequence(Der.Algorithm("1.2.840.113549.1.1.1", Der.Null), Der.BitString(Der.Sequence(Der.Integer(Big(16384)), Der.Integer(1, 0, 1))))),
        Spki("negative RSA modulus", Der.Sequence(Der.Algorithm("1.2.840.113549.1.1.1", Der.Null), Der.BitString(Der.Sequence(Der.Integer([0x80, .. Big(255)]), Der.Integer(1, 0, 1))))),
        Spki("key algorithm missing", Der.Sequence(Der.Sequence(), Der.BitString(Big(65)))),
    ];

    private static IEnumerable<HostileCase> Rsa() =>
    [
        Key("RSA of 512 bits", "RSA", _ => WeakRsa.Bits512.Value.Request()),
        Key("RSA of 1024 bits", "RSA", _ => WeakRsa.Bits1024.Value.Request()),
        Key("RSA of 2047 bits", "RSA", _ => WeakRsa.Bits2047.Value.Request()),
        Key("RSA with exponent 3", "exponent", _ => WeakRsa.ExponentThree.Value.Request()),
        Key("RSA with exponent 1", "signature", _ => WeakRsa.ExponentOne.Value.Request()),
        Key("RSA with an even exponent", "signature", _ => WeakRsa.ExponentEven.Value.Request()),
        Key("RSA with a small prime factor", "factor", _ => WeakRsa.SmallFactor.Value.Request()),
        Key("RSA with close primes", "Fermat", _ => WeakRsa.ClosePrimes.Value.Request()),
        Key("RSA of the ROCA shape", "ROCA", _ => WeakRsa.Roca.Value.Request()),
    ];

    private static IEnumerable<HostileCase> Curves() =>
    [
        Curve("curve P-224", "1.3.132.0.33"),
        Curve("curve P-521", "1.3.132.0.35"),
        Curve("curve secp256k1", "1.3.132.0.10"),
        Curve("curve brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7"),
        Spki("point that is not on its curve", Point([4, .. Big(64)])),
        Spki("point at infinity", Point([0])),
        Spki("compressed point", Point([2, .. Big(32)])),
        Spki("point of 63 octets", Point([4, .. Big(63)])),
        Spki("point of 10,000 octets", Point([4, .. Big(10_000)])),
        Spki("empty point", Point([])),
        Spki("curve as explicit parameters", "curve", Explicit()),
        Spki("curve missing", "curve", Der.Sequence(Der.Algorithm(EcPublicKey), Der.BitString([4, .. Big(64)]))),
        Spki("curve NULL", "curve", Der.Sequence(Der.Algorithm(EcPublicKey, Der.Null), Der.BitString([4, .. Big(64)]))),
    ];

    private static HostileCase Key(string name, string says, Func<HostileWorld, RawCsr> request) =>
        new($"key: {name}", 400, says, Trace.Entry, world => world.Enroll(request(world)));

    private static HostileCase Algorithm(string name, byte[] identifier) =>
        new($"algorithm: {name}", 400, "algorithm", Trace.Entry, world => world.Enroll(RawCsr.New() with { SignatureAlgorithm = identifier }));

    private static HostileCase Spki(string name, byte[] spki) => Spki(name, "key", spki);

    private static HostileCase Spki(string name, string says, byte[] spki) =>
        new($"key: {name}", 400, says, Trace.Entry, world => world.Enroll(RawCsr.New() with { Spki = spki }));

    private static HostileCase Curve(string name, string oid) =>
        new($"key: {name}", 400, "curve", Trace.Entry, world =>
        {
            using var key = ECDsa.Create(ECCurve.CreateFromValue(oid));
            return world.Enroll(Csr.Create(key, $"CN={Csr.NewName("curve")}"));
        });

    private static byte[] Point(byte[] point) => Der.Sequence(Der.Algorithm(EcPublicKey, Der.Oid(P256)), Der.BitString(point));

    // A curve of the client's making (CVE-2020-0601): the same point, under parameters that make its private key known.
    private static byte[] Explicit()
    {
        using var key = ECDsa.Create();
        key.ImportParameters(Csr.NewP256().ExportExplicitParameters(true));
        return key.ExportSubjectPublicKeyInfo();
    }

    private static RawCsr Turned(RawCsr csr) => csr with
    {
        Sign = info =>
        {
            var signature = csr.Sign(info);
            signature[^1] ^= 1;
            return signature;
        },
    };

    private static RawCsr Plain(RawCsr csr) => csr with { Sign = info => csr.Key.SignData(info, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation) };

    // Starts with a small octet, so that it is positive as an INTEGER.
    private static byte[] Big(int length)
    {
        var octets = new byte[length];
        new Random(length).NextBytes(octets);
        octets[0] = 0x5A;
        return octets;
    }
}
