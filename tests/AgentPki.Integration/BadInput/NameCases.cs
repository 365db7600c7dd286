using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Requests with a good key and a good proof that ask for what no profile grants.</summary>
internal static class NameCases
{
    public static IEnumerable<HostileCase> All => [.. Power(), .. Spiffe(), .. AlternativeNames(), .. Subjects()];

    private static IEnumerable<HostileCase> Power() =>
    [
        Asks("CA:TRUE", "basicConstraints", Der.Extension("2.5.29.19", true, Der.Sequence(Der.Boolean(true)))),
        Asks("CA:TRUE with a path length", "basicConstraints", Der.Extension("2.5.29.19", true, Der.Sequence(Der.Boolean(true), Der.Integer(3)))),
        Asks("key usage keyCertSign", "keyCertSign", Der.Extension("2.5.29.15", true, Der.BitString([0x04], 2))),
        Asks("key usage cRLSign", "cRLSign", Der.Extension("2.5.29.15", true, Der.BitString([0x02], 1))),
        Asks("name constraints", "2.5.29.30", Der.Extension("2.5.29.30", true, Der.Sequence(Der.Context(0, Der.Sequence(RawCsr.Dns("test")))))),
        Asks("an unknown critical extension", "1.3.6.1.4.1.32473.1", Der.Extension("1.3.6.1.4.1.32473.1", true, Der.Null)),
    ];

    private static IEnumerable<HostileCase> Spiffe() =>
    [
        Names("SPIFFE ID of a foreign trust domain", "trust domain", RawCsr.Uri("spiffe://evil.example/agent/a")),
        Names("two SPIFFE IDs", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}/a"), RawCsr.Uri($"spiffe://{Csr.TrustDomain}/b")),
        Names("SPIFFE ID in capitals", "", RawCsr.Uri("spiffe://AGENTS.LOCALHOST/a")),
        Names("SPIFFE ID with a port", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}:8443/a")),
        Names("SPIFFE ID with user information", "", RawCsr.Uri($"spiffe://root@{Csr.TrustDomain}/a")),
        Names("SPIFFE ID with dot segments", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}/a/../admin")),
        Names("SPIFFE ID with an escaped slash", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}/a%2Fb")),
        Names("SPIFFE ID with a query", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}/a?x=1")),
        Names("SPIFFE ID with an empty segment", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}//a")),
        Names("SPIFFE ID of 3,000 characters", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}/{new string('a', 3000)}")),
        Names("SPIFFE ID of the trust domain itself", "", RawCsr.Uri($"spiffe://{Csr.TrustDomain}")),
        Names("SPIFFE ID with a look-alike letter", "", RawCsr.Uri("spiffe://agents.lоcalhost/a")),
        Names("URI of another scheme", "", RawCsr.Uri("https://agents.localhost/a")),
    ];

    private static IEnumerable<HostileCase> AlternativeNames() =>
    [
        new("10,000 names", 413, "larger", Trace.Entry, world => world.Enroll(RawCsr.New().Names([.. Enumerable.Range(0, 10_000).Select(i => RawCsr.Dns($"a{i}.test"))]))),
        new("3,000 names, as many as fit into a body", 400, "names", Trace.Entry, world => world.Enroll(RawCsr.New().Names([.. Enumerable.Range(0, 3_000).Select(i => RawCsr.Dns($"a{i}.test"))]))),
        Names("DNS name with NUL", "control", RawCsr.Dns("good.test\0.evil.test")),
        Names("DNS name with a line feed", "control", RawCsr.Dns("good.test\nevil.test")),
        Names("DNS name with a space", "DNS", RawCsr.Dns("good test")),
        Names("DNS name that is empty", "DNS", RawCsr.Dns("")),
        Names("DNS name that is a dot", "DNS", RawCsr.Dns(".")),
        Names("DNS name of 300 characters", "DNS", RawCsr.Dns(string.Join('.', Enumerable.Repeat("abcdefghi", 30)))),
        Names("DNS label of 64 characters", "DNS", RawCsr.Dns(new string('a', 64) + ".test")),
        Names("DNS name that begins with a hyphen", "DNS", RawCsr.Dns("-a.test")),
        Names("DNS name in UTF-8", "SubjectAltName", RawCsr.Dns("bücher.test")),
        Names("wildcard of everything", "DNS", RawCsr.Dns("*")),
        Names("wildcard name", "wildcard", RawCsr.Dns("*.agents.test")),
        Names("DNS name that is an address", "DNS", RawCsr.Dns("127.0.0.1")),
        Names("mail address", "", RawCsr.Rfc822("root@agents.test")),
        Names("other name (user principal name)", "", Der.Context(0, Der.Oid("1.3.6.1.4.1.311.20.2.3"), Der.Context(0, Der.Utf8("administrator@agents.test")))),
        Names("directory name", "", Der.Context(4, Der.CommonName("root"))),
        Names("registered id", "", Der.Implicit(8, [0x2A, 0x03])),
    ];

    private static IEnumerable<HostileCase> Subjects() =>
    [
        Subject("common name with NUL", Der.CommonName("good\0evil")),
        Subject("common name with a line feed", Der.CommonName("good\r\nSet-Cookie: evil")),
        Subject("common name with an escape sequence", Der.CommonName("\u001b[31mred")),
        Subject("common name that turns the text around", Der.CommonName("a\u202Etset.b")),
        Subject("common name of 65 characters", Der.CommonName(new string('a', 65))),
        Subject("common name of 40,000 characters", Der.CommonName(new string('a', 40_000))),
        Subject("common name that is empty", Der.CommonName("")),
        Subject("common name in broken UTF-8", Der.CommonName(Der.Tlv(0x0C, 0xC3, 0x28, 0xFF))),
        Subject("common name in UTF-16", Der.CommonName(Der.Tlv(0x1E, Encoding.BigEndianUnicode.GetBytes("name\0")))),
        Subject("printable string that is not", Der.CommonName(Der.Tlv(0x13, Encoding.Latin1.GetBytes("a@\u0001*")))),
        Subject("common name that is an INTEGER", Der.CommonName(Der.Integer(7))),
        Subject("two common names", Der.Sequence(Der.Rdn("2.5.4.3", Der.Utf8("a.agents.test")), Der.Rdn("2.5.4.3", Der.Utf8("b.agents.test")))),
        Subject("2,000 attributes", Der.Sequence([.. Enumerable.Range(0, 2000).Select(i => Der.Rdn("2.5.4.11", Der.Utf8($"unit {i}")))])),
        Subject("the issuing CA's own kind of name", Der.Sequence(Der.Rdn("2.5.4.10", Der.Utf8("AgentPki")), Der.Rdn("2.5.4.3", Der.Utf8("AgentPki Root CA")))),
        new("no name at all", 400, "name", Trace.Entry, world => world.Enroll(RawCsr.New() with { Subject = Der.Sequence(), Extensions = [] })),
    ];

    private static HostileCase Asks(string name, string says, byte[] extension) =>
        new($"asks for {name}", 400, says, Trace.Entry, world => world.Enroll(RawCsr.New().With(extension)));

    private static HostileCase Names(string name, string says, params byte[][] names) =>
        new($"name: {name}", 400, says, Trace.Entry, world => world.Enroll(RawCsr.New().Names(names)));

    private static HostileCase Subject(string name, byte[] subject) =>
        new($"subject: {name}", 400, "", Trace.Entry, world => world.Enroll(RawCsr.New() with { Subject = subject }));
}
