using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Good requests from those who may not make them: Basic (RFC 7617), TLS certificates, renewals of other names.</summary>
internal static class RequesterCases
{
    public static IEnumerable<HostileCase> All => [.. Passwords(), .. Certificates(), .. Renewals()];

    private static IEnumerable<HostileCase> Passwords() =>
    [
        Stranger("no credential"),
        Stranger("wrong secret", Requests.Basic("dev:wrong")),
        Stranger("unknown credential", Requests.Basic("nobody:secret")),
        Stranger("empty name and secret", Requests.Basic(":")),
        Stranger("no colon", Requests.Basic("nobody")),
        Stranger("name with control characters", Requests.Basic("a\r\nb:c")),
        Stranger("name of 8,000 characters", Requests.Basic(new string('a', 8000) + ":b")),
        Stranger("SQL in the name", Requests.Basic("' OR '1'='1:x")),
        Stranger("octets that are no UTF-8", "Authorization: Basic " + Convert.ToBase64String([0xFF, 0xFE, (byte)':', 0xC3, 0x28])),
        Stranger("not base64", "Authorization: Basic %%%%"),
        Stranger("Basic without a value", "Authorization: Basic"),
        Stranger("Bearer", "Authorization: Bearer abcdef"),
        Stranger("Digest", "Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"/\", response=\"d\""),
        new("the good name with a wrong secret", 401, "", Trace.Aggregate, world => Requests.Enroll("simpleenroll", Good(), Requests.Basic(world.Appliance.Credential.Split(':')[0] + ":wrong"))),
        new("two Authorization headers", 401, "", Trace.Aggregate, world => Requests.Enroll("simpleenroll", Good(), world.Basic, Requests.Basic("other:one"))),
        new("a forwarded certificate from no trusted proxy", 400, "trusted proxies", Trace.Aggregate, world => Requests.Enroll("simpleenroll", Good(), $"Client-Cert: :{Convert.ToBase64String(world.Agent.Certificate.RawData)}:")),
        new("serverkeygen without a credential", 401, "", Trace.Aggregate, _ => Requests.Enroll("serverkeygen", Good())),
        new("simplereenroll without a certificate", 401, "", Trace.Aggregate, _ => Requests.Enroll("simplereenroll", Good())),
        new("simplereenroll with the credential alone", 401, "certificate", Trace.Entry, world => Requests.Enroll("simplereenroll", Good(), world.Basic)),
    ];

    private static IEnumerable<HostileCase> Certificates() =>
    [
        Certified("self-signed certificate", 401, Trace.Aggregate, SelfSigned),
        Certified("certificate of a foreign CA", 401, Trace.Aggregate, ForeignCa),
        Certified("certificate of a CA with our CA's name", 401, Trace.Aggregate, NamesakeCa),
        Certified("expired certificate of a foreign CA", 401, Trace.Aggregate, Expired),
    ];

    private static IEnumerable<HostileCase> Renewals() =>
    [
        Renewal("of another subject", "subject", world => Csr.Create(Csr.NewP256(), $"CN={Csr.NewName("other")}", names => names.AddDnsName(world.Agent.Name))),
        Renewal("of another DNS name", "", world => Csr.Create(Csr.NewP256(), $"CN={world.Agent.Name}", names => names.AddDnsName(Csr.NewName("other")))),
        Renewal("with one more DNS name", "", world => Csr.Create(Csr.NewP256(), $"CN={world.Agent.Name}", names =>
        {
            names.AddDnsName(world.Agent.Name);
            names.AddDnsName(Csr.NewName("more"));
        })),
        Renewal("with a SPIFFE ID of another agent", "", world => Csr.Create(Csr.NewP256(), $"CN={world.Agent.Name}", names => names.AddUri(new Uri($"spiffe://{Csr.TrustDomain}/agent/other")))),
        Renewal("with CA:TRUE", "basicConstraints", world => Csr.Create(Csr.NewP256(), $"CN={world.Agent.Name}", names => names.AddDnsName(world.Agent.Name), request =>
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true)))),
    ];

    private static HostileCase Stranger(string name, params string[] headers) =>
        new($"stranger: {name}", 401, "", Trace.Aggregate, _ => Requests.Enroll("simpleenroll", Good(), headers));

    private static HostileCase Certified(string name, int status, Trace trace, Func<HostileWorld, X509Certificate2> identity) =>
        new(name, status, "", trace, _ => Requests.Enroll("simplereenroll", Good())) { Identity = identity };

    private static HostileCase Renewal(string name, string says, Func<HostileWorld, byte[]> request) =>
        new($"renewal {name}", 400, says, Trace.Entry, world => Requests.Enroll("simplereenroll", request(world))) { Identity = world => world.Agent.Certificate };

    private static byte[] Good() => RawCsr.New().Encode();

    private static X509Certificate2 SelfSigned(HostileWorld world) =>
        Request(Csr.NewP256(), world.Agent.Certificate.SubjectName).CreateSelfSigned(Day(-1), Day(1));

    private static X509Certificate2 ForeignCa(HostileWorld world) => ForgedBy(new X500DistinguishedName("CN=Foreign CA"), world, Day(1));

    private static X509Certificate2 NamesakeCa(HostileWorld world) => ForgedBy(world.Agent.Certificate.IssuerName, world, Day(1));

    private static X509Certificate2 Expired(HostileWorld world) => ForgedBy(world.Agent.Certificate.IssuerName, world, Day(-1));

    private static X509Certificate2 ForgedBy(X500DistinguishedName issuer, HostileWorld world, DateTimeOffset notAfter)
    {
        using var authority = new CertificateRequest(issuer, Csr.NewP256(), HashAlgorithmName.SHA256)
        {
            CertificateExtensions = { new X509BasicConstraintsExtension(true, false, 0, true) },
        }.CreateSelfSigned(Day(-3), Day(3));
        var key = Csr.NewP256();
        return Request(key, world.Agent.Certificate.SubjectName).Create(authority, Day(-2), notAfter, Encoding.ASCII.GetBytes("forged00")).CopyWithPrivateKey(key);
    }

    private static CertificateRequest Request(ECDsa key, X500DistinguishedName subject) => new(subject, key, HashAlgorithmName.SHA256);

    private static DateTimeOffset Day(int days) => DateTimeOffset.UtcNow.AddDays(days);
}
