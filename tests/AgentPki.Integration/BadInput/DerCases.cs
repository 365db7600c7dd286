using System.Security.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Requests whose base64 is right and whose DER is not a PKCS#10 request (RFC 2986 §4, X.690).</summary>
internal static class DerCases
{
    public static IEnumerable<HostileCase> All => [.. Truncations(), .. Encodings(), .. Structures(), .. OtherObjects()];

    private static IEnumerable<HostileCase> Truncations()
    {
        foreach (var (name, keep) in new (string, Func<int, int>)[]
                 {
                     ("after 1 octet", _ => 1), ("after 2 octets", _ => 2), ("after the outer header", _ => 4), ("in the subject", _ => 20),
                     ("at half", length => length / 2), ("before the last octet", length => length - 1),
                 })
        {
            yield return Der($"truncated {name}", der => der[..keep(der.Length)]);
        }

        yield return Der("one octet too many", der => [.. der, 0]);
        yield return Der("a second request behind the first", der => [.. der, .. RawCsr.New().Encode()]);
    }

    private static IEnumerable<HostileCase> Encodings() =>
    [
        Der("outer length of 4 GiB", der => [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, .. der[4..]]),
        Der("length of 127 length octets", der => [0x30, 0xFF, .. der[4..]]),
        Der("indefinite length (BER)", der => [0x30, 0x80, .. der[4..], 0, 0]),
        Der("length not minimal", der => [0x30, 0x83, 0x00, der[2], der[3], .. der[4..]]),
        Der("outer tag SET", der => [0x31, .. der[1..]]),
        Der("outer tag of 5 octets", der => [0x3F, 0xFF, 0xFF, 0xFF, 0x7F, .. der[1..]]),
        Der("only NULL", _ => BadInput.Der.Null),
        Der("only an empty SEQUENCE", _ => BadInput.Der.Sequence()),
        Der("10,000 nested SEQUENCEs", _ => Nested(10_000)),
        Der("random octets in a SEQUENCE", _ => BadInput.Der.Tlv(0x30, Noise(600))),
        Der("version 1", _ => RawCsr.New() with { Version = BadInput.Der.Integer(1) }),
        Der("version -1", _ => RawCsr.New() with { Version = BadInput.Der.Integer(0xFF) }),
        Der("version of 1,000 octets", _ => RawCsr.New() with { Version = BadInput.Der.Integer([.. Enumerable.Repeat((byte)0x7F, 1000)]) }),
        Der("version INTEGER without content", _ => RawCsr.New() with { Version = BadInput.Der.Integer() }),
        Der("version not minimal", _ => RawCsr.New() with { Version = BadInput.Der.Integer(0, 0) }),
        Der("signature with unused bits", _ => RawCsr.New() with { SignatureUnusedBits = 4 }),
        Der("BIT STRING with 9 unused bits", _ => RawCsr.New() with { SignatureUnusedBits = 9 }),
    ];

    private static IEnumerable<HostileCase> Structures() =>
    [
        Der("attributes as SET without a tag", _ => RawCsr.New() with { Attributes = BadInput.Der.Set() }),
        Der("extensionRequest twice", _ => With(csr => BadInput.Der.Context(0, RawCsr.ExtensionRequestAttribute(csr.Extensions), RawCsr.ExtensionRequestAttribute(csr.Extensions)))),
        Der("extensionRequest with no value", _ => With(_ => BadInput.Der.Context(0, BadInput.Der.Sequence(BadInput.Der.Oid("1.2.840.113549.1.9.14"), BadInput.Der.Set())))),
        Der("extensionRequest with two values", _ => With(csr => BadInput.Der.Context(0, BadInput.Der.Sequence(
            BadInput.Der.Oid("1.2.840.113549.1.9.14"), BadInput.Der.Set(BadInput.Der.Sequence(csr.Extensions), BadInput.Der.Sequence(csr.Extensions)))))),
        Der("the same extension twice", _ => Twice(RawCsr.New())),
        Der("subjectAltName that is not DER", _ => RawCsr.New() with { Extensions = [BadInput.Der.Extension("2.5.29.17", false, [0x30, 0x20, 0x01])] }),
        Der("subjectAltName without a name", _ => RawCsr.New().Names()),
        Der("subjectAltName with an unknown tag", _ => RawCsr.New().Names(BadInput.Der.Implicit(15, [1, 2, 3]))),
        Der("critical flag 0x01", _ => RawCsr.New() with { Extensions = [BadInput.Der.Sequence(BadInput.Der.Oid("2.5.29.17"), [0x01, 0x01, 0x01], BadInput.Der.OctetString(BadInput.Der.Sequence(RawCsr.Dns("a.test"))))] }),
        Der("critical flag FALSE written out", _ => RawCsr.New() with { Extensions = [BadInput.Der.Sequence(BadInput.Der.Oid("2.5.29.17"), BadInput.Der.Boolean(false), BadInput.Der.OctetString(BadInput.Der.Sequence(RawCsr.Dns("a.test"))))] }),
        Der("OID of 5,000 octets", _ => RawCsr.New() with { Extensions = [BadInput.Der.Sequence(BadInput.Der.Tlv(0x06, [.. Enumerable.Repeat((byte)0x81, 4999), 1]), BadInput.Der.OctetString(BadInput.Der.Null))] }),
        Der("OID with an unfinished arc", _ => RawCsr.New() with { Extensions = [BadInput.Der.Sequence(BadInput.Der.Tlv(0x06, 0x2A, 0x81), BadInput.Der.OctetString(BadInput.Der.Null))] }),
        Der("subject that is an INTEGER", _ => RawCsr.New() with { Subject = BadInput.Der.Integer(7) }),
        Der("RDN without an attribute", _ => RawCsr.New() with { Subject = BadInput.Der.Sequence(BadInput.Der.Set()) }),
        Der("IP name of 5 octets", _ => RawCsr.New().Names(RawCsr.Ip(127, 0, 0, 1, 1))),
    ];

    private static IEnumerable<HostileCase> OtherObjects() =>
    [
        new("a certificate in place of a request", 400, "", Trace.Entry, world => world.Enroll(world.Agent.Certificate.RawData)),
        new("a private key in place of a request", 400, "", Trace.Entry, world => world.Enroll(Csr.NewP256().ExportPkcs8PrivateKey())),
        new("a public key in place of a request", 400, "", Trace.Entry, world => world.Enroll(Csr.NewP256().ExportSubjectPublicKeyInfo())),
        new("a CMS message in place of a request", 400, "", Trace.Entry, world => world.Enroll(BadInput.Der.Sequence(BadInput.Der.Oid("1.2.840.113549.1.7.2"), BadInput.Der.Context(0, BadInput.Der.Sequence(BadInput.Der.Integer(1)))))),
    ];

    private static HostileCase Der(string name, Func<byte[], byte[]> spoil) =>
        new($"DER: {name}", 400, "", Trace.Entry, world => world.Enroll(spoil(RawCsr.New().Encode())));

    private static HostileCase Der(string name, Func<byte[], RawCsr> make) => Der(name, der => make(der).Encode());

    private static RawCsr With(Func<RawCsr, byte[]> attributes)
    {
        var csr = RawCsr.New();
        return csr with { Attributes = attributes(csr) };
    }

    private static RawCsr Twice(RawCsr csr) => csr.With(csr.Extensions);

    private static byte[] Nested(int depth)
    {
        byte[] inner = [];
        for (var i = 0; i < depth; i++)
        {
            inner = BadInput.Der.Sequence(inner);
        }

        return inner;
    }

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(20261).NextBytes(noise);
        return noise;
    }
}
