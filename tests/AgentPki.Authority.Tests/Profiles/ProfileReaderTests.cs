using AgentPki.Authority.Profiles;
using Xunit;

namespace AgentPki.Authority.Tests.Profiles;

public sealed class ProfileReaderTests
{
    private const string Good =
        """
        name: agent
        default: true
        labels: [agent]
        issuer: issuing
        keys: [ecdsa-p256]
        names:
          dns: ["*.agents.test"]
        spiffe:
          template: /agent/{cn}
        validity: 24h
        keyUsage: [digitalSignature]
        extendedKeyUsage: [clientAuth]
        authentication:
          credential: true
        """;

    public static TheoryData<string, string, string, string> Mistakes => new()
    {
        { "name: agent", "name: Agent X", "p.yaml:1: name", "lower-case" },
        { "name: agent", "nome: agent", "p.yaml:1: nome", "unknown field" },
        { "name: agent", "name: agent\nname: agent", "p.yaml:2: document", "" },
        { "labels: [agent]", "labels: [a/b]", "p.yaml:3: labels", "URL path" },
        { "labels: [agent]", "labels: {a: b}", "p.yaml:3: labels", "list of texts" },
        { "issuer: issuing", "", "issuer", "missing" },
        { "keys: [ecdsa-p256]", "keys: [ecdsa-p255]", "p.yaml:5: keys", "'ecdsa-p255' is unknown; known: ecdsa-p256" },
        { "keys: [ecdsa-p256]", "keys: [catalyst ecdsa-p256 + ecdsa-p256]", "p.yaml:5: keys", "of another algorithm" },
        { "keys: [ecdsa-p256]", "keys: [catalyst ecdsa-p256]", "p.yaml:5: keys", "two known kinds" },
        { "keys: [ecdsa-p256]", "keys: [catalyst ecdsa-p256 + ml-kem-768]", "p.yaml:5: keys", "signs nothing" },
        { "keys: [ecdsa-p256]", "keys: [catalyst ecdsa-p256 + ml-dsa-65]\nserverKeyGeneration: true", "serverKeyGeneration", "not a pair" },
        { "  credential: true", "  credential: true\n  approval: always\nrelatedCertificates: true", "relatedCertificates", "approval" },
        { "keys: [ecdsa-p256]", "keys: []", "p.yaml:5: keys", "at least one" },
        { "keys: [ecdsa-p256]", "keys: [ecdsa-p256]\nsignature: md5", "p.yaml:6: signature", "unknown" },
        { "  dns: [\"*.agents.test\"]", "  dsn: [x]", "p.yaml:7: names.dsn", "unknown field" },
        { "  dns: [\"*.agents.test\"]", "  maximum: 5000", "p.yaml:7: names.maximum", "from 1 to 100" },
        { "  template: /agent/{cn}", "  template: agent", "spiffe.allow", "does not start with" },
        { "  template: /agent/{cn}", "  allow: []", "spiffe", "a template, allowed patterns" },
        { "spiffe:\n  template: /agent/{cn}", "", "spiffe", "missing" },
        { "validity: 24h", "validity: 24", "p.yaml:10: validity", "duration" },
        { "validity: 24h", "validity: 1s", "p.yaml:10: validity", "duration" },
        { "validity: 24h", "validity: 20000h", "p.yaml:10: validity", "duration" },
        { "validity: 24h", "", "validity", "missing" },
        { "validity: 24h", "validity: 5m\nbackdate: 10m", "p.yaml:11: backdate", "shorter" },
        { "keyUsage: [digitalSignature]", "keyUsage: [keyCertSign]", "p.yaml:11: keyUsage", "unknown" },
        { "keyUsage: [digitalSignature]", "", "keyUsage", "at least one" },
        { "keyUsage: [digitalSignature]", "keyUsage: [digitalSignature, keyEncipherment]", "p.yaml:11: keyUsage", "ecdsa-p256 key is not for KeyEncipherment" },
        { "extendedKeyUsage: [clientAuth]", "", "extendedKeyUsage", "at least one" },
        { "  dns: [\"*.agents.test\"]", "  uri: [\"https://**\"]", "names", "SPIFFE ID" },
        { "keyUsage: [digitalSignature]", "keyUsage: [digitalSignature]\npolicies: [x]", "p.yaml:12: policies", "object identifier" },
        { "extendedKeyUsage: [clientAuth]", "extendedKeyUsage: [2.5.29.37.0]", "p.yaml:12: extendedKeyUsage", "anyExtendedKeyUsage" },
        { "keyUsage: [digitalSignature]", "keyUsage: [digitalSignature]\npolicies: [1.2.99999999999]", "p.yaml:12: policies", "object identifier" },
        { "  credential: true", "  credential: yes", "p.yaml:14: authentication.credential", "true or false" },
        { "  credential: true", "  credential: false", "authentication.credential", "nobody may ask" },
        { "  credential: true", "  stranger: true", "authentication.stranger", "approval" },
        { "  credential: true", "  credential: true\n  tlsUniqueLinking: true", "p.yaml:15: authentication.tlsUniqueLinking", "TLS 1.3" },
        { "  credential: true", "  credential: true\nstatus:\n  noRevocationAvailable: true\n  crl: true", "status.noRevocationAvailable", "RFC 9608" },
        { "validity: 24h", "validity: 48h\nstatus: {noRevocationAvailable: true}", "status", "24 hours" },
        { "  credential: true", "  credential: true\nsubject: {from: template}", "subject", "template" },
        { "  credential: true", "  credential: true\nsubject: {from: template, template: nonsense}", "subject", "RFC 4514" },
        { "  credential: true", "  credential: true\nsubject: {attributes: [XX]}", "subject.attributes", "'XX' is unknown" },
        { "  credential: true", "  credential: true\nuse: tls-server", "use", "own" },
        { "  credential: true", "  credential: true\nrenewal: {window: 48h}", "renewal", "longer" },
        { "name: agent", "- name", "document", "" },
        { Good, "[]", "p.yaml:1: document", "mapping" },
        { Good, "", "p.yaml:1: document", "mapping" },
    };

    [Fact]
    public void Read_Good_IsWhatItSays()
    {
        var profile = ProfileCatalog.Read([("p.yaml", Good)]).Default;
        Assert.Equal(("agent", "issuing", TimeSpan.FromHours(24), TimeSpan.FromMinutes(5)), (profile.Name, profile.Issuer, profile.Validity, profile.Backdate));
        Assert.Equal(["*.agents.test"], profile.Names.DnsPatterns);
        Assert.True(profile.Status is { Ocsp: true, CertificateList: true, CaIssuers: true, NoRevocationAvailable: false });
        Assert.True(profile.Authentication is { Credential: true, Certificate: CertificateAuthentication.None, Stranger: false, Approval: ApprovalRule.None });
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Read_Mistake_NamesFileLineAndField(string right, string wrong, string where, string what)
    {
        var text = Good.Replace(right, wrong, StringComparison.Ordinal);
        Assert.NotEqual(Good, text);
        var refusal = Assert.Throws<ProfileException>(() => ProfileCatalog.Read([("p.yaml", text)]));
        Assert.Contains(refusal.Errors, e => e.ToString().Contains(where, StringComparison.Ordinal) && e.Message.Contains(what, StringComparison.Ordinal));
        Assert.All(refusal.Errors, e => Assert.Equal("p.yaml", e.File));
    }

    [Fact]
    public void Read_SeveralMistakes_ListsAll()
    {
        var text = Good.Replace("validity: 24h", "validity: x", StringComparison.Ordinal).Replace("keys: [ecdsa-p256]", "keys: [y]", StringComparison.Ordinal);
        var refusal = Assert.Throws<ProfileException>(() => ProfileCatalog.Read([("p.yaml", text)]));
        Assert.Contains(refusal.Errors, e => e.Field == "validity");
        Assert.Contains(refusal.Errors, e => e.Field == "keys");
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("24h", 86400)]
    [InlineData("7d", 604800)]
    [InlineData("PT24H", 86400)]
    [InlineData("P7D", 604800)]
    [InlineData("PT15M", 900)]
    [InlineData("P1DT1M", 86460)]
    public void Durations_Known_AreRead(string text, int seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("24")]
    [InlineData("-1h")]
    [InlineData("1.5h")]
    [InlineData("P1M")]
    [InlineData("P1Y")]
    [InlineData("P")]
    [InlineData("1w")]
    public void Durations_Unknown_AreNot(string text) => Assert.False(Durations.TryParse(text, out _));
}
