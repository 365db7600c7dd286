using System.Net;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>What a request may ask for: names, extensions, keys.</summary>
public sealed class RequestTests
{
    public static TheoryData<string, GeneralName[], string> BadNames => new()
    {
        { "foreign trust domain", [new GeneralName.Uri("spiffe://evil.test/agent/a")], "trust domain" },
        { "malformed SPIFFE ID", [new GeneralName.Uri("spiffe://agents.test/agent//a")], "not valid" },
        { "SPIFFE scheme in capitals", [new GeneralName.Uri("SPIFFE://agents.test/agent/a")], "not valid" },
        { "two SPIFFE IDs", [new GeneralName.Uri("spiffe://agents.test/agent/a"), new GeneralName.Uri("spiffe://agents.test/agent/b")], "two SPIFFE IDs" },
        { "SPIFFE ID outside the pattern", [new GeneralName.Uri("spiffe://agents.test/admin")], "not one this profile allows" },
        { "another URI", [new GeneralName.Uri("https://x.test/")], "does not allow that URI" },
        { "IP address", [new GeneralName.Ip(IPAddress.Loopback)], "IP addresses that were proven" },
        { "mail address", [new GeneralName.Rfc822("a@x.test")], "does not allow the mail address" },
        { "malformed mail address", [new GeneralName.Rfc822("a b@x.test")], "mail address is not valid" },
        { "directory name", [new GeneralName.Directory(X500Name.Create((Oids.CommonName, "x")))], "nothing else" },
        { "control character", [new GeneralName.Dns("a\u0001.test")], "control" },
        { "space in a DNS name", [new GeneralName.Dns("a b.test")], "DNS name is not valid" },
        { "underscore in a DNS name", [new GeneralName.Dns("a_b.test")], "DNS name is not valid" },
        { "label too long", [new GeneralName.Dns(new string('a', 64) + ".test")], "DNS name is not valid" },
        { "name too long", [new GeneralName.Dns(string.Join('.', Enumerable.Repeat(new string('a', 60), 5)))], "DNS name is not valid" },
        { "empty label", [new GeneralName.Dns("a..test")], "DNS name is not valid" },
        { "address as a DNS name", [new GeneralName.Dns("10.0.0.1")], "DNS name is not valid" },
        { "wildcard", [new GeneralName.Dns("*.agents.test")], "wildcards" },
        { "star inside", [new GeneralName.Dns("a.*.agents.test")], "DNS name is not valid" },
        { "too many", [.. Enumerable.Range(0, 90).Select(i => new GeneralName.Dns($"a{i}.agents.test"))], "this profile allows 15" },
    };

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task EnrollAsync_BadNames_SaysWhatIsWrong(string what, GeneralName[] names, string expected)
    {
        var problem = await RefusedAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a", names));
        Assert.Equal((what, PkiProblemKind.PolicyViolation), (what, problem.Kind));
        Assert.Contains(expected, problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Oids.OrganizationalUnit, "ok", true)]
    [InlineData(Oids.Country, "DE", false)]
    [InlineData(Oids.EmailAddress, "a@x.test", false)]
    public async Task EnrollAsync_SubjectAttributes_AsTheProfileSays(string oid, string value, bool allowed)
    {
        await using var authority = await TestAuthority.StartAsync();
        var der = await Pkcs10Request.CreateAsync(X500Name.Create((oid, value), (Oids.CommonName, "a")), [], await TestAuthority.KeyAsync(), default);
        var outcome = await authority.EnrollAsync(Pkcs10Request.Parse(der), await authority.CredentialAsync());
        Assert.Equal(allowed, outcome is EnrollmentOutcome.Issued);
    }

    [Fact]
    public async Task EnrollAsync_HostNameInTheCommonNameOnly_IsAddedToTheNames()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test", []);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync()));
        Assert.Equal([new GeneralName.Uri("spiffe://agents.test/agent/a.agents.test"), new GeneralName.Dns("a.agents.test")], issued.Certificate.SubjectAlternativeNames);
    }

    [Theory]
    [InlineData("42")]
    [InlineData("0x1F")]
    [InlineData("agent-7")]
    public async Task EnrollAsync_CommonNameThatIsNoHost_AddsNothing(string commonName)
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), commonName, []);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync()));
        Assert.Equal([new GeneralName.Uri($"spiffe://agents.test/agent/{commonName}")], issued.Certificate.SubjectAlternativeNames);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("*.agents.test")]
    public async Task EnrollAsync_CommonNameThatMustNotBeAName_Refuses(string commonName) =>
        Assert.Equal(PkiProblemKind.PolicyViolation, (await RefusedAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), commonName, []))).Kind);

    [Fact]
    public async Task EnrollAsync_SubjectOfTheCa_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var der = await Pkcs10Request.CreateAsync(authority.Ceremony.Issuing.Subject, [new GeneralName.Uri("spiffe://agents.test/agent/x")], await TestAuthority.KeyAsync(), default);
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(Pkcs10Request.Parse(der), await authority.CredentialAsync())).Problem;
        Assert.Equal(PkiProblemKind.PolicyViolation, problem.Kind);
    }

    [Theory]
    [InlineData("a b", "cannot be part of a SPIFFE ID")]
    [InlineData("..", "cannot be part of a SPIFFE ID")]
    [InlineData("", "no common name")]
    public async Task EnrollAsync_CommonNameNotUsable_SaysSo(string commonName, string expected)
    {
        var problem = await RefusedAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), commonName, []));
        Assert.Equal(PkiProblemKind.PolicyViolation, problem.Kind);
        Assert.Contains(expected, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnrollAsync_EmptySubjectWithSpiffeId_IsIssuedWithACriticalSan()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "", [new GeneralName.Uri("spiffe://agents.test/agent/quiet")]);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync()));
        Assert.True(issued.Certificate.Subject.IsEmpty);
        Assert.True(issued.Certificate.FindExtension(Oids.SubjectAlternativeName)!.Critical);
    }

    public static TheoryData<string, X509Extension, bool> Extensions => new()
    {
        { "CA:TRUE", X509Extension.BasicConstraints(true), false },
        { "CA:TRUE with a path length", X509Extension.BasicConstraints(true, 3), false },
        { "CA:FALSE", X509Extension.BasicConstraints(false), true },
        { "keyCertSign", X509Extension.KeyUsage(KeyUsages.KeyCertSign), false },
        { "cRLSign beside others", X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.CrlSign), false },
        { "keyEncipherment", X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyEncipherment), true },
        { "code signing", X509Extension.ExtendedKeyUsage(Oids.CodeSigning), true },
        { "name constraints", X509Extension.NameConstraints([new NameSubtree.Dns("x.test")]), false },
        { "unknown and critical", new X509Extension("1.3.6.1.4.1.32473.1", true, new byte[] { 5, 0 }), false },
        { "unknown", new X509Extension("1.3.6.1.4.1.32473.1", false, new byte[] { 5, 0 }), true },
    };

    [Theory]
    [MemberData(nameof(Extensions))]
    public async Task EnrollAsync_RequestedExtensions_NobodyGetsMoreThanTheProfile(string what, X509Extension extension, bool issued)
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test", options: new Pkcs10Options { Extensions = [extension] });
        var outcome = await authority.EnrollAsync(csr, await authority.CredentialAsync());
        Assert.Equal((what, issued ? null : PkiProblemKind.PolicyViolation), (what, (outcome as EnrollmentOutcome.Rejected)?.Problem.Kind));
        if (outcome is EnrollmentOutcome.Issued { Certificate: var certificate })
        {
            Assert.False(certificate.IsCertificateAuthority);
            Assert.Equal(KeyUsages.DigitalSignature, certificate.KeyUsages);
            Assert.Equal([Oids.ClientAuth, Oids.ServerAuth], certificate.ExtendedKeyUsages);
            Assert.Null(certificate.FindExtension("1.3.6.1.4.1.32473.1"));
        }
    }

    [Fact]
    public async Task EnrollAsync_SignatureOfAnotherKey_IsNoProofOfPossession()
    {
        var good = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var other = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var forged = X509.Certificates.Certificate.Assemble(good.RequestInfo.Span, good.SignatureAlgorithm, other.Signature.Span);
        Assert.Equal(PkiProblemKind.BadProofOfPossession, (await RefusedAsync(Pkcs10Request.Parse(forged))).Kind);
    }

    [Fact]
    public async Task EnrollAsync_KeyKindNotInTheProfile_SaysWhichAre()
    {
        var problem = await RefusedAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(KeyAlgorithm.Find("mldsa65-ed25519")), "a.agents.test"));
        Assert.Equal(PkiProblemKind.UnsupportedAlgorithm, problem.Kind);
        Assert.Contains("ecdsa-p256", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnrollAsync_KnownKey_Refuses()
    {
        var key = await TestAuthority.KeyAsync();
        using var list = new StringReader(Convert.ToHexStringLower(key.PublicKey.Fingerprint()));
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { KnownKeys = X509.Keys.KnownKeys.Read(list) });
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), await authority.CredentialAsync());
        Assert.Equal(PkiProblemKind.BadPublicKey, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
        Assert.Equal(0, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task EnrollAsync_KeyOfAnotherAgent_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var (_, key) = await authority.AgentAsync("a.agents.test", credential);
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "b.agents.test"), credential);
        Assert.Equal(PkiProblemKind.BadPublicKey, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("tls-server")]
    [InlineData("appliance-ocsp")]
    [InlineData("../agent")]
    public async Task EnrollAsync_UnknownLabel_Refuses(string label) =>
        Assert.Equal(PkiProblemKind.UnknownProfile, (await RefusedAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), label)).Kind);

    [Theory]
    [InlineData(AgentPki.Agents.AgentState.Suspended)]
    [InlineData(AgentPki.Agents.AgentState.Retired)]
    public async Task EnrollAsync_AgentNotActive_RefusesEverything(AgentPki.Agents.AgentState state)
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var (certificate, key) = await authority.AgentAsync("a.agents.test", credential);
        authority.Store.Apply([new CommitRequest(new(Ledger.LedgerEntryKind.ConfigurationChanged, authority.Time.GetUtcNow(), "admin:x", AgentPki.Authority.Audit.AuditDetails.Of()), [new StoreChange.SetAgentState(certificate.SpiffeId!.ToString(), state)])]);
        foreach (var (requester, kind) in new (Requester, EnrollmentKind)[] { (credential, EnrollmentKind.Enroll), (new Requester.AgentCertificate(certificate), EnrollmentKind.Renew) })
        {
            var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), requester, kind: kind);
            Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
        }
    }

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("rsa-3072")]
    [InlineData("ed25519")]
    public async Task EnrollAsync_ServerKeygen_GivesAKeyThatFitsAndIsNotTheRequests(string algorithm)
    {
        await using var authority = await TestAuthority.StartAsync();
        var key = await TestAuthority.KeyAsync(KeyAlgorithm.Find(algorithm));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), await authority.CredentialAsync(), kind: EnrollmentKind.ServerKeygen));
        Assert.NotEqual(key.PublicKey, issued.Certificate.PublicKey);
        Assert.Equal(key.Algorithm, issued.Certificate.PublicKey.Algorithm);
        var made = Org.BouncyCastle.Security.PublicKeyFactory.CreateKey(issued.Certificate.PublicKey.SubjectPublicKeyInfo.ToArray());
        var signer = Org.BouncyCastle.Security.SignerUtilities.GetSigner(algorithm switch { "ed25519" => "Ed25519", "rsa-3072" => "SHA256withRSA", _ => "SHA256withECDSA" });
        signer.Init(true, Org.BouncyCastle.Security.PrivateKeyFactory.CreateKey(issued.PrivateKeyPkcs8));
        signer.BlockUpdate([1, 2, 3]);
        var signature = signer.GenerateSignature();
        signer.Init(false, made);
        signer.BlockUpdate([1, 2, 3]);
        Assert.True(signer.VerifySignature(signature));
    }

    [Fact]
    public async Task EnrollAsync_ServerKeygenNotInTheProfile_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), await authority.CredentialAsync(), "agent-short", EnrollmentKind.ServerKeygen);
        Assert.Equal(PkiProblemKind.PolicyViolation, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    private static async Task<PkiProblem> RefusedAsync(Pkcs10Request csr, string? label = null)
    {
        await using var authority = await TestAuthority.StartAsync();
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, await authority.CredentialAsync(), label));
        Assert.Single(await authority.EntriesAsync(Ledger.LedgerEntryKind.EnrollmentRefused));
        Assert.Equal(0, await authority.AgentCertificatesAsync());
        return rejected.Problem;
    }
}
