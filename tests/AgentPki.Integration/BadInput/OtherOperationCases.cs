using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Hostile requests to the operations beside simple enrolment: fullcmc, serverkeygen, OCSP, CRL, plain HTTP.</summary>
internal static class OtherOperationCases
{
    private const string Cmc = "application/pkcs7-mime; smime-type=CMC-request";
    private const string OcspRequest = "application/ocsp-request";
    private const string SignedData = "1.2.840.113549.1.7.2";

    public static IEnumerable<HostileCase> All => [.. FullCmc(), .. ServerKeyGeneration(), .. Status(), .. PlainHttp()];

    private static IEnumerable<HostileCase> FullCmc() =>
    [
        CmcBody("empty", []),
        CmcBody("noise", Requests.Base64([1, 2, 3, 4])),
        CmcBody("SignedData without a signer", Requests.Base64(Cms(Der.Set()))),
        CmcBody("SignedData with a truncated signer", Requests.Base64(Cms(Der.Set(Der.Sequence(Der.Integer(1)))))),
        CmcBody("EnvelopedData", Requests.Base64(Der.Sequence(Der.Oid("1.2.840.113549.1.7.3"), Der.Context(0, Der.Sequence(Der.Integer(0)))))),
        CmcBody("a bare PKCS#10 request", Requests.Base64(RawCsr.New().Encode())),
        new("fullcmc: wrong media type", 415, "", Trace.Entry, world => Requests.Post(Requests.EstRoot + "fullcmc", "application/pkcs10", Requests.Base64(Cms(Der.Set())), world.Basic)),
    ];

    private static IEnumerable<HostileCase> ServerKeyGeneration() =>
    [
        new("serverkeygen: noise", 400, "base64", Trace.Entry, world => Requests.Post(Requests.EstRoot + "serverkeygen", Requests.Pkcs10, "****"u8.ToArray(), world.Basic)),
        new("serverkeygen: signature of other octets", 400, "signature", Trace.Entry, world => Requests.Enroll("serverkeygen", (RawCsr.New() with { Spki = Csr.NewP256().ExportSubjectPublicKeyInfo() }).Encode(), world.Basic)),
        new("serverkeygen: CA:TRUE", 400, "basicConstraints", Trace.Entry, world => Requests.Enroll("serverkeygen", RawCsr.New().With(Der.Extension("2.5.29.19", true, Der.Sequence(Der.Boolean(true)))).Encode(), world.Basic)),
        new("serverkeygen: foreign trust domain", 400, "trust domain", Trace.Entry, world => Requests.Enroll("serverkeygen", RawCsr.New().Names(RawCsr.Uri("spiffe://evil.example/a")).Encode(), world.Basic)),
    ];

    private static IEnumerable<HostileCase> Status() =>
    [
        Ocsp("empty", []),
        Ocsp("noise", [1, 2, 3, 4]),
        Ocsp("no request in it", Der.Sequence(Der.Sequence(Der.Sequence()))),
        Ocsp("truncated", [0x30, 0x82, 0x01, 0x00, 0x30]),
        new("OCSP: 5,000 certificates in one request", 413, "", Trace.None, _ => Requests.Post("/ocsp", OcspRequest, Der.Sequence(Der.Sequence(Der.Sequence([.. Enumerable.Range(0, 5000).Select(Certificate)]))))) { PlainHttp = true },
        new("OCSP: wrong media type", 415, "", Trace.None, _ => Requests.Post("/ocsp", "text/plain", [1])) { PlainHttp = true },
        new("OCSP: GET with noise", 200, "", Trace.None, _ => Requests.Get("/ocsp/%%%")) { PlainHttp = true },
        new("OCSP: PUT", 405, "", Trace.None, _ => Requests.Bytes("PUT", "/ocsp", ["Content-Length: 0"], [])) { PlainHttp = true },
        new("OCSP: body of 2 MiB", 413, "", Trace.None, _ => Requests.Post("/ocsp", OcspRequest, new byte[2 << 20])) { PlainHttp = true },
        new("CRL of an unknown CA", 404, "", Trace.None, _ => Requests.Get("/crl/no-such-ca.crl")) { PlainHttp = true },
        new("CRL path that climbs out", 404, "", Trace.None, _ => Requests.Get("/crl/..%2f..%2fdata%2fagentpki.db")) { PlainHttp = true },
        new("certificate of an unknown CA", 404, "", Trace.None, _ => Requests.Get("/ca/no-such-ca.cer")) { PlainHttp = true },
    ];

    private static IEnumerable<HostileCase> PlainHttp() =>
    [
        new("enrolment over plain HTTP", 404, "", Trace.None, world => world.Enroll(RawCsr.New())) { PlainHttp = true },
        new("cacerts over plain HTTP", 404, "", Trace.None, _ => Requests.Get(Requests.EstRoot + "cacerts")) { PlainHttp = true },
        new("admin API over plain HTTP", 404, "", Trace.None, _ => Requests.Get("/admin/v1/certificates")) { PlainHttp = true },
        new("admin API over TLS", 404, "", Trace.None, world => Requests.Get("/admin/v1/certificates", world.Basic)),
        new("a TLS handshake sent to the plain port", 400, "", Trace.None, _ => [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00, 0x0D, 0x0A, 0x0D, 0x0A]) { PlainHttp = true },
    ];

    private static HostileCase CmcBody(string name, byte[] body) =>
        new($"fullcmc: {name}", 400, "", Trace.Entry, world => Requests.Post(Requests.EstRoot + "fullcmc", Cmc, body, world.Basic));

    // RFC 6960 §2.3: the refusal is an OCSP response of its own, so HTTP says 200.
    private static HostileCase Ocsp(string name, byte[] body) =>
        new($"OCSP: {name}", 200, "", Trace.None, _ => Requests.Post("/ocsp", OcspRequest, body)) { PlainHttp = true };

    private static byte[] Certificate(int serial) => Der.Sequence(Der.Sequence(
        Der.Algorithm("1.3.14.3.2.26", Der.Null), Der.OctetString(new byte[20]), Der.OctetString(new byte[20]), Der.Integer(1, (byte)(serial >> 8), (byte)serial)));

    // RFC 5652 §5.1, around an empty id-cct-PKIData.
    private static byte[] Cms(byte[] signers) => Der.Sequence(Der.Oid(SignedData), Der.Context(0, Der.Sequence(
        Der.Integer(3), Der.Set(), Der.Sequence(Der.Oid("1.3.6.1.5.5.7.12.2"), Der.Context(0, Der.OctetString(Der.Sequence()))), signers)));
}
