using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Tests.Est;

/// <summary>Certificates in pairs (RFC 9763) as a client of EST meets them: what the wire and the ledger say.</summary>
public sealed class EstRelatedCertificateTests
{
    private const string Name = "a.agents.test";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Enroll_NamingACertificateOfTheAgent_GetsItsHash(bool byThatCertificate)
    {
        await using var whole = await WholeServer.StartAsync();
        var credential = await whole.Authority.CredentialAsync();
        var (first, firstKey) = await whole.Authority.AgentAsync(Name, credential);
        var request = await RequestAsync(await RelatedCertificateRequest.CreateAsync(first, firstKey, whole.Authority.Time.GetUtcNow(), [], TestContext.Current.CancellationToken));
        using var identity = byThatCertificate
            ? X509Certificate2.CreateFromPem(PemEncoding.WriteString("CERTIFICATE", first.Der.Span), PemEncoding.WriteString("PRIVATE KEY", ((SoftwareSigningKey)firstKey).ExportPkcs8()))
            : null;
        using var answer = await PostAsync(whole, byThatCertificate ? null : credential, "related/simpleenroll", request, identity);

        var second = Assert.Single(CertsOnly.Parse(Convert.FromBase64String(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))));
        Assert.Equal(KeyAlgorithm.MlDsa65, second.PublicKey.Algorithm);
        Assert.Equal(first.SpiffeId, second.SpiffeId);
        Assert.Null(RelatedCertificates.Verify(second, first));
        var entry = await LastEntryAsync(whole, LedgerEntryKind.CertificateIssued);
        Assert.Equal((Convert.ToHexStringLower(first.Fingerprint()), "agent-related"), (entry["related.sha256"], entry["profile"]));
    }

    [Fact]
    public async Task Enroll_NamingNone_GetsACertificateThatNamesNone()
    {
        await using var whole = await WholeServer.StartAsync();
        using var answer = await PostAsync(whole, await whole.Authority.CredentialAsync(), "related/simpleenroll", await RequestAsync());

        Assert.Null(Assert.Single(CertsOnly.Parse(Convert.FromBase64String(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)))).Fields.RelatedCertificate);
        Assert.DoesNotContain("related.sha256", await LastEntryAsync(whole, LedgerEntryKind.CertificateIssued));
    }

    [Theory]
    [InlineData("foreign", PkiProblemKind.PolicyViolation, "no CA that this appliance trusts for that")]
    [InlineData("elsewhere", PkiProblemKind.PolicyViolation, "give it as a data: location")]
    [InlineData("another agent's", PkiProblemKind.PolicyViolation, "not this agent's")]
    [InlineData("stale", PkiProblemKind.BadProofOfPossession, "it is taken for 5 minutes: sign a new one, and check the clock")]
    [InlineData("from the future", PkiProblemKind.BadProofOfPossession, "it is taken for 5 minutes: sign a new one, and check the clock")]
    [InlineData("bad signature", PkiProblemKind.BadProofOfPossession, "not signed with the key of the certificate it names")]
    [InlineData("expired", PkiProblemKind.PolicyViolation, "related certificate is valid from")]
    [InlineData("revoked", PkiProblemKind.PolicyViolation, "related certificate is revoked")]
    [InlineData("no flag", PkiProblemKind.PolicyViolation, "'agent-ml-dsa-65' takes no relatedCertRequest")]
    [InlineData("serverkeygen", PkiProblemKind.PolicyViolation, "not for one that the appliance makes")]
    public async Task Enroll_RelatedCertificateThatIsnt_Is400WithItsReason_AndInTheLedger(string what, PkiProblemKind kind, string says)
    {
        await using var whole = await WholeServer.StartAsync();
        var authority = whole.Authority;
        var credential = await authority.CredentialAsync(lifetime: TimeSpan.FromDays(7));
        var (related, key) = what switch
        {
            "foreign" or "elsewhere" => await ForeignAsync(),
            "another agent's" => await authority.AgentAsync("b.agents.test", credential),
            _ => await authority.AgentAsync(Name, credential),
        };
        if (what == "expired")
        {
            authority.Time.Advance(TimeSpan.FromHours(25));
        }

        if (what == "revoked")
        {
            await authority.Services.Revocations.RevokeAsync(
                new RevocationRequest(new RevocationTarget.OneCertificate(related), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        }

        var signed = authority.Time.GetUtcNow() + (what switch { "stale" => TimeSpan.FromMinutes(-6), "from the future" => TimeSpan.FromMinutes(2), _ => TimeSpan.Zero });
        await using var other = await TestAuthority.KeyAsync();
        var attribute = await RelatedCertificateRequest.CreateAsync(
            related, what == "bad signature" ? other : key, signed, what == "elsewhere" ? ["http://pki.other.test/a.cer"] : [], TestContext.Current.CancellationToken);
        var operation = what switch { "no flag" => "ml-dsa-65/simpleenroll", "serverkeygen" => "serverkeygen", _ => "related/simpleenroll" };
        using var answer = await PostAsync(whole, credential, operation, await RequestAsync(attribute));

        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.BadRequest, says);
        var entry = await LastEntryAsync(whole, LedgerEntryKind.EnrollmentRefused);
        Assert.Equal((kind.ToString(), $"spiffe://agents.test/agent/{Name}", "est"), (entry["problem"], entry["agent"], entry["protocol"]));
        Assert.Contains(says, entry["reason"], StringComparison.Ordinal);
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), entry["correlation"]);
    }

    [Theory]
    [InlineData(new byte[] { 0x30, 0 }, "CertID: missing")]
    [InlineData(new byte[] { 4, 1, 0 }, "RequesterCertificate")]
    [InlineData(null, "1.2.840.113549.1.9.16.2.60")] // the attribute of csrattrs, its value not filled in
    public async Task Enroll_MalformedAttribute_Is400(byte[]? value, string says)
    {
        await using var whole = await WholeServer.StartAsync();
        await using var key = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65);
        var der = await Pkcs10Request.CreateAsync(
            X509.Names.X500Name.Create((Oids.CommonName, Name)), [], key, new Pkcs10Options { Attributes = [new RequestAttribute(Oids.RelatedCertRequest, value is null ? [] : [value])] }, TestContext.Current.CancellationToken);
        var credential = await whole.Authority.CredentialAsync();
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("related/simpleenroll", Convert.ToBase64String(der), $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);

        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.BadRequest, says);
    }

    // An agent of the same name at a CA that nobody here named.
    private static async Task<(Certificate Certificate, ISigningKey Key)> ForeignAsync()
    {
        await using var authority = await TestAuthority.StartAsync(ceremony: _ => CeremonyOptions.Development("t-", "Other"));
        return await authority.AgentAsync(Name);
    }

    private static async Task<Pkcs10Request> RequestAsync(params RequestAttribute[] attributes) =>
        await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65), Name, options: new Pkcs10Options { Attributes = attributes });

    private static async Task<HttpResponseMessage> PostAsync(WholeServer whole, Requester.Credential? credential, string operation, Pkcs10Request request, X509Certificate2? identity = null)
    {
        using var client = whole.Server.Client(identity);
        return await client.SendAsync(
            EstServer.Post(operation, Convert.ToBase64String(request.Der.Span), credential is null ? null : $"{credential.Name}:{credential.Secret}"), TestContext.Current.CancellationToken);
    }

    private static async Task<IReadOnlyDictionary<string, string>> LastEntryAsync(WholeServer whole, LedgerEntryKind kind)
    {
        IReadOnlyDictionary<string, string>? last = null;
        await foreach (var record in whole.Authority.Store.ReadAsync(0, TestContext.Current.CancellationToken))
        {
            last = record.Leaf.Kind == kind ? record.Details?.Facts : last;
        }

        return last ?? throw new InvalidOperationException($"No entry of kind {kind}.");
    }
}
