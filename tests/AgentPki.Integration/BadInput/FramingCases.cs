using System.IO.Compression;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Requests that are wrong before their DER begins: HTTP, media types, transfer encodings, base64.</summary>
internal static class FramingCases
{
    private const string Enroll = Requests.EstRoot + "simpleenroll";

    public static IEnumerable<HostileCase> All => [.. Bodies(), .. MediaTypes(), .. Http()];

    private static IEnumerable<HostileCase> Bodies() =>
    [
        Body("empty body", "empty", _ => []),
        Body("white space only", "empty", _ => " \r\n\t\r\n"u8.ToArray()),
        Body("base64 noise", "base64", _ => "!!!!not*base64!!!!"u8.ToArray()),
        Body("one octet of base64", "base64", _ => "A"u8.ToArray()),
        Body("base64 with wrong padding", "base64", _ => "MIIB==="u8.ToArray()),
        Body("base64url alphabet", "base64", _ => Encoding.ASCII.GetBytes(Convert.ToBase64String(Good()).Replace('+', '-').Replace('/', '_') + "-_")),
        Body("octets NUL", "base64", _ => new byte[512]),
        Body("octets 0xFF", "base64", _ => [.. Enumerable.Repeat((byte)0xFF, 512)]),
        Body("raw DER without base64", "base64", _ => Good()),
        Body("PEM armor around the base64", "base64", _ => Encoding.ASCII.GetBytes($"-----BEGIN CERTIFICATE REQUEST-----\n{Convert.ToBase64String(Good())}\n-----END CERTIFICATE REQUEST-----\n")),
        Body("base64 of base64", "", _ => Requests.Base64(Requests.Base64(Good()))),
        Body("UTF-16 base64", "base64", _ => Encoding.Unicode.GetBytes(Convert.ToBase64String(Good()))),
        Body("NUL within the base64", "base64", _ => Encoding.ASCII.GetBytes(Convert.ToBase64String(Good()).Insert(40, "\0"))),
        Body("data after the padding", "base64", _ => Encoding.ASCII.GetBytes("MIIBAA==MIIBAA==")),
        Body("JSON", "base64", _ => """{"csr":"MIIB"}"""u8.ToArray()),
        new("body of 2 MiB", 413, "", Trace.Entry, world => world.EnrollBody(new byte[2 << 20])),
        new("body of 2 MiB of right base64", 413, "", Trace.Entry, world => world.EnrollBody(Encoding.ASCII.GetBytes(new string('A', 2 << 20)))),
    ];

    private static IEnumerable<HostileCase> MediaTypes() =>
    [
        Typed("no Content-Type", null),
        Typed("text/plain", "text/plain"),
        Typed("JSON media type", "application/json"),
        Typed("form media type", "application/x-www-form-urlencoded"),
        Typed("PKCS#7 media type at simpleenroll", "application/pkcs7-mime; smime-type=certs-only"),
        Typed("near miss of the media type", "application/pkcs10x"),
        Typed("empty media type", ""),
        Typed("media type that is no media type", ";;;=/"),
        new("multipart body", 415, "application/pkcs10", Trace.Entry, world => Requests.Post(Enroll, "multipart/form-data; boundary=x", "--x\r\n\r\nMIIB\r\n--x--\r\n"u8.ToArray(), world.Basic)),
        new("compressed body", 415, "", Trace.Entry, world => world.EnrollBody(Gzip(Requests.Base64(Good())), "Content-Encoding: gzip")),
    ];

    private static IEnumerable<HostileCase> Http() =>
    [
        new("GET of simpleenroll", 405, "", Trace.None, world => Requests.Get(Enroll, world.Basic)),
        new("PUT of simpleenroll", 405, "", Trace.None, world => Requests.Bytes("PUT", Enroll, [world.Basic, "Content-Length: 0"], [])),
        new("DELETE of cacerts", 405, "", Trace.None, _ => Requests.Bytes("DELETE", Requests.EstRoot + "cacerts", [], [])),
        new("POST of cacerts", 405, "", Trace.None, _ => Requests.Post(Requests.EstRoot + "cacerts", null, [])),
        new("invented method", 405, "", Trace.None, _ => Requests.Bytes("ENROLL", Enroll, ["Content-Length: 0"], [])),
        new("unknown operation", 404, "", Trace.None, world => Requests.Post(Requests.EstRoot + "simplestenroll", Requests.Pkcs10, Requests.Base64(Good()), world.Basic)),
        new("unknown label", 404, "label", Trace.Entry, world => Requests.Enroll("no-such-label/simpleenroll", Good(), world.Basic)),
        new("label that climbs out", 404, "", Trace.None, world => Requests.Enroll("..%2f..%2f..%2fetc/passwd/simpleenroll", Good(), world.Basic)),
        new("path that climbs out", 404, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "../../../../etc/passwd")),
        new("label of 3,000 characters", 404, "", Trace.Entry, world => Requests.Enroll(new string('a', 3000) + "/simpleenroll", Good(), world.Basic)),
        new("label with a line feed", 404, "", Trace.Entry, world => Requests.Enroll("a%0d%0aX-Evil:%20b/simpleenroll", Good(), world.Basic)),
        new("request line of 20,000 characters", 414, "", Trace.None, _ => Requests.Get("/" + new string('a', 20_000))),
        new("one header of 100 kB", 431, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", "X-Long: " + new string('a', 100_000))),
        new("1,000 headers", 431, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", [.. Enumerable.Range(0, 1000).Select(i => $"X-{i}: y")])),
        new("NUL in a header", 400, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", "X-Nul: a\0b")),
        new("header without a name", 400, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", ": nameless")),
        new("space before a header's colon", 400, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", "X-Space : smuggled")),
        new("no Host", 400, "", Trace.None, _ => Raw("GET /.well-known/est/cacerts HTTP/1.1\r\nConnection: close\r\n\r\n")),
        new("two Hosts", 400, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts", "Host: other")),
        new("negative Content-Length", 400, "", Trace.None, _ => Raw($"POST {Enroll} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")),
        new("two Content-Lengths", 400, "", Trace.None, _ => Raw($"POST {Enroll} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nAAAA")),
        new("chunk size that is no number", 400, "", Trace.None, world => Raw($"POST {Enroll} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pkcs10\r\n{world.Basic}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nAAAA\r\n0\r\n\r\n")),
        new("chunk size of 2^63", 400, "", Trace.None, world => Raw($"POST {Enroll} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pkcs10\r\n{world.Basic}\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\nAAAA\r\n0\r\n\r\n")),
        new("unknown transfer coding", 400, "", Trace.None, _ => Raw($"POST {Enroll} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: rot13\r\n\r\n")),
        new("HTTP/9.9", 505, "", Trace.None, _ => Raw("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n")),
        new("line noise instead of HTTP", 400, "", Trace.None, _ => Raw("\u0016\u0003\u0001 noise noise noise\r\n\r\n")),
        new("SMTP instead of HTTP", 505, "", Trace.None, _ => Raw("EHLO localhost\r\n\r\n")),
        new("absolute target of another host", 400, "", Trace.None, _ => Raw("GET http://elsewhere.example/.well-known/est/cacerts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")),
    ];

    private static HostileCase Body(string name, string says, Func<HostileWorld, byte[]> body) =>
        new(name, 400, says, Trace.Entry, world => world.EnrollBody(body(world)));

    private static HostileCase Typed(string name, string? mediaType) =>
        new($"media type: {name}", 415, "application/pkcs10", Trace.Entry, world => Requests.Post(Enroll, mediaType, Requests.Base64(Good()), world.Basic));

    private static byte[] Good() => RawCsr.New().Encode();

    private static byte[] Raw(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Gzip(byte[] body)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest))
        {
            gzip.Write(body);
        }

        return buffer.ToArray();
    }
}
