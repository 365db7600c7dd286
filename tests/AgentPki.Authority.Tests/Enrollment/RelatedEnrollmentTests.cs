using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>Certificates in pairs (RFC 9763): the second names the first, and only when the first one's key has just said so.</summary>
public sealed class RelatedEnrollmentTests
{
    [Fact]
    public async Task Enroll_RelatedCertificateOfTheSameAgent_IsNamedInTheNewOne()
    {
        await using var authority = await StartAsync();
        var (first, firstKey) = await authority.AgentAsync("a.agents.test");
        var second = await IssuedAsync(authority, await RequestAsync(authority, first, firstKey, "a.agents.test"));
        Assert.Null(RelatedCertificates.Verify(second, first));
        Assert.Null(first.Fields.RelatedCertificate);
        // The other way round too: renewed with the second's proof.
        var third = await IssuedAsync(authority, await RequestAsync(authority, second, _lastKey!, "a.agents.test"));
        Assert.Equal(RelatedCertificateFailure.AnotherCertificate, RelatedCertificates.Verify(third, first));
        Assert.Null(RelatedCertificates.Verify(third, second));
        Assert.Equal(
            [null, Convert.ToHexStringLower(first.Fingerprint()), Convert.ToHexStringLower(second.Fingerprint())],
            (await authority.EntriesAsync(LedgerEntryKind.CertificateIssued)).TakeLast(3).Select(e => e.GetValueOrDefault("related.sha256")));
    }

    [Fact]
    public async Task Enroll_RenewalAtACaWithTwoKeys_NamesTheRelatedOneUnderBothSignatures()
    {
        await using var authority = await StartAsync(ceremony: o => o with { Issuing = o.Issuing.With(new KeyKind(KeyAlgorithm.EcdsaP256, KeyAlgorithm.MlDsa65)) });
        var (first, firstKey) = await authority.AgentAsync("a.agents.test");
        var (second, _) = await authority.AgentAsync("a.agents.test");

        var renewed = Assert.IsType<EnrollmentOutcome.Issued>(
            await authority.EnrollAsync(await RequestAsync(authority, first, firstKey, "a.agents.test"), new Requester.AgentCertificate(second), kind: EnrollmentKind.Renew)).Certificate;

        Assert.Null(RelatedCertificates.Verify(renewed, first));
        Assert.True(renewed.VerifyAlternativeSignature(authority.Ceremony.Issuing.AlternativePublicKey!, authority.Providers));
    }

    [Fact]
    public async Task Enroll_RelatedCertificateThatIsnt_IsRefusedWithItsOwnReason()
    {
        await using var authority = await StartAsync();
        var (mine, myKey) = await authority.AgentAsync("a.agents.test");
        var (theirs, theirKey) = await authority.AgentAsync("b.agents.test");
        await RefusedAsync(authority, await RequestAsync(authority, theirs, theirKey, "a.agents.test"), PkiProblemKind.PolicyViolation, "not this agent's");
        await RefusedAsync(authority, await RequestAsync(authority, mine, theirKey, "a.agents.test"), PkiProblemKind.BadProofOfPossession, "not signed with the key");
        await RefusedAsync(authority, await RequestAsync(authority, mine, myKey, "a.agents.test", key: myKey), PkiProblemKind.PolicyViolation, "same key");
        await RefusedAsync(authority, await RequestAsync(authority, Self(myKey, authority.Ceremony.Issuing.Subject), myKey, "a.agents.test"), PkiProblemKind.PolicyViolation, "never issued");
        authority.Time.Advance(TimeSpan.FromHours(25));
        await RefusedAsync(authority, await RequestAsync(authority, mine, myKey, "a.agents.test"), PkiProblemKind.PolicyViolation, "is valid from");
    }

    [Fact]
    public async Task Enroll_RevokedRelatedCertificate_IsRefused()
    {
        await using var authority = await StartAsync();
        var (first, key) = await authority.AgentAsync("a.agents.test");
        await authority.Services.Revocations.RevokeAsync(new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(first), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        await RefusedAsync(authority, await RequestAsync(authority, first, key, "a.agents.test"), PkiProblemKind.PolicyViolation, "revoked");
    }

    [Fact]
    public async Task Enroll_RelatedCertificateRevokedWhileTheTokenSigns_IsWithheld()
    {
        await using var authority = await StartAsync();
        var (first, key) = await authority.AgentAsync("a.agents.test");
        var csr = await RequestAsync(authority, first, key, "a.agents.test");
        authority.Keys.BeforeSign = async _ => await authority.Services.Revocations.RevokeAsync(
            new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(first), RevocationReason.Superseded, "admin:x", "admin", "c"), default);
        await RefusedAsync(authority, csr, PkiProblemKind.Unauthorized, "revoked at the same moment");
    }

    [Theory]
    [InlineData(6, "sign a new one")]
    [InlineData(-2, "sign a new one")]
    public async Task Enroll_StaleOrFutureRequest_IsRefused(int minutesAgo, string text)
    {
        await using var authority = await StartAsync();
        var (first, key) = await authority.AgentAsync("a.agents.test");
        await RefusedAsync(authority, await RequestAsync(authority, first, key, "a.agents.test", TimeSpan.FromMinutes(minutesAgo)), PkiProblemKind.BadProofOfPossession, text);
    }

    [Fact]
    public async Task Enroll_ProfileThatTakesNone_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (first, key) = await authority.AgentAsync("a.agents.test");
        await RefusedAsync(authority, await RequestAsync(authority, first, key, "a.agents.test"), PkiProblemKind.PolicyViolation, "takes no relatedCertRequest");
    }

    [Fact]
    public async Task Enroll_KeyOfTheAppliance_IsRefused()
    {
        await using var authority = await StartAsync();
        var (first, key) = await authority.AgentAsync("a.agents.test");
        await RefusedAsync(authority, await RequestAsync(authority, first, key, "a.agents.test"), PkiProblemKind.PolicyViolation, "keys that the requester holds", EnrollmentKind.ServerKeygen);
    }

    [Fact]
    public async Task Enroll_RelatedCertificateForLess_IsRefused()
    {
        var key = await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        var foreign = Self(key, X500Name.Create((X509.Oids.CommonName, "Foreign")), purposes: X509.Oids.EmailProtection);
        await using var authority = await StartAsync(foreign);
        await RefusedAsync(authority, await RequestAsync(authority, foreign, key, "a.agents.test"), PkiProblemKind.PolicyViolation, "lacks a key purpose");
    }

    [Fact]
    public async Task Enroll_ForeignRelatedCertificate_IsTakenFromTheRequestWhereItsCaIsTrustedForThat()
    {
        var key = await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        var foreign = Self(key, X500Name.Create((X509.Oids.CommonName, "Foreign")), "a.agents.test");
        await using (var authority = await StartAsync())
        {
            await RefusedAsync(authority, await RequestAsync(authority, foreign, key, "a.agents.test"), PkiProblemKind.PolicyViolation, "no CA that this appliance trusts");
            await RefusedAsync(authority, await RequestAsync(authority, foreign, key, "a.agents.test", location: "http://foreign.test/a.cer"), PkiProblemKind.PolicyViolation, "as a data: location");
        }

        await using var trusting = await StartAsync(foreign);
        var second = await IssuedAsync(trusting, await RequestAsync(trusting, foreign, key, "a.agents.test"));
        Assert.Null(RelatedCertificates.Verify(second, foreign));
        await RefusedAsync(trusting, await RequestAsync(trusting, foreign, key, "b.agents.test"), PkiProblemKind.PolicyViolation, "shares no subject alternative name");
    }

    private ISigningKey? _lastKey;

    private static Task<TestAuthority> StartAsync(Certificate? anchor = null, Func<CeremonyOptions, CeremonyOptions>? ceremony = null) => TestAuthority.StartAsync(
        TestAuthority.DefaultOptions with { RelatedAnchors = anchor is null ? [] : [anchor] },
        ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "agent.yaml" ? (text.File, text.Yaml + "\nrelatedCertificates: true\n") : text)),
        ceremony);

    private async Task<Pkcs10Request> RequestAsync(
        TestAuthority authority, Certificate related, ISigningKey relatedKey, string name, TimeSpan ago = default, ISigningKey? key = null, string? location = null)
    {
        _lastKey = key ?? await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        var attribute = await RelatedCertificateRequest.CreateAsync(related, relatedKey, authority.Time.GetUtcNow() - ago, location is null ? [] : [location], default);
        return await TestAuthority.RequestAsync(_lastKey, name, options: new Pkcs10Options { Attributes = [attribute] });
    }

    private static async Task<Certificate> IssuedAsync(TestAuthority authority, Pkcs10Request csr) =>
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync())).Certificate;

    private static async Task RefusedAsync(TestAuthority authority, Pkcs10Request csr, PkiProblemKind kind, string text, EnrollmentKind request = EnrollmentKind.Enroll)
    {
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, await authority.CredentialAsync(), kind: request));
        Assert.Equal(kind, rejected.Problem.Kind);
        Assert.Contains(text, rejected.Problem.Detail, StringComparison.Ordinal);
    }

    // A certificate signed by its own key, with any issuer's name.
    private static Certificate Self(ISigningKey key, X500Name name, string dns = "a.agents.test", params string[] purposes)
    {
        var now = new DateTimeOffset(2027, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var tbs = new TbsCertificate
        {
            SerialNumber = new byte[] { 0x41, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, Signature = key.Algorithm.DefaultSignature, Issuer = name, NotBefore = now, NotAfter = now.AddDays(30), Subject = name, PublicKey = key.PublicKey,
            Extensions = [X509Extension.KeyUsage(KeyUsages.DigitalSignature), X509Extension.ExtendedKeyUsage(purposes is [] ? [X509.Oids.ClientAuth, X509.Oids.ServerAuth] : purposes), X509Extension.SubjectAlternativeName([new GeneralName.Dns(dns)])],
        };
        var encoded = tbs.Encode();
        return Certificate.Parse(Certificate.Assemble(encoded, tbs.Signature, key.SignAsync(tbs.Signature, encoded, default).AsTask().Result));
    }
}
