using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using CsCheck;
using Org.BouncyCastle.Pkix;
using Org.BouncyCastle.Utilities.Collections;
using Xunit;

namespace AgentPki.Authority.Tests.Issuance;

/// <summary>Whatever is issued is accepted by implementations that are not ours.</summary>
public sealed class IssuedCertificateTests
{
    [Theory]
    [InlineData("ecdsa-p384", null, "ecdsa-p256", null)]
    [InlineData("ecdsa-p256", "ecdsa-sha512", "ecdsa-p384", null)]
    [InlineData("rsa-3072", null, "rsa-3072", "rsa-pkcs1-sha384")]
    [InlineData("rsa-3072", "rsa-pss-sha256", "rsa-3072", "rsa-pss-sha256")]
    public async Task Enroll_EveryCaAlgorithm_ChainsInDotNetAndBouncyCastle(string rootKey, string? rootSignature, string issuingKey, string? issuingSignature)
    {
        await using var authority = await TestAuthority.StartAsync(ceremony: o => o with
        {
            Root = o.Root with { KeyAlgorithm = KeyAlgorithm.Find(rootKey)!, Signature = rootSignature is null ? null : SignatureAlgorithm.Find(rootSignature) },
            Issuing = o.Issuing with { KeyAlgorithm = KeyAlgorithm.Find(issuingKey)!, Signature = issuingSignature is null ? null : SignatureAlgorithm.Find(issuingSignature) },
        });
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.Equal(rootSignature ?? authority.Ceremony.Root.PublicKey.Algorithm.DefaultSignature.Name, authority.Ceremony.Issuing.SignatureAlgorithm.Name);
        Assert.Equal(issuingSignature ?? authority.Ceremony.Issuing.PublicKey.Algorithm.DefaultSignature.Name, certificate.SignatureAlgorithm.Name);
        Accept(authority, certificate);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("rsa-4096", "rsa-pkcs1-sha512", "ecdsa-p256", null)]
    [InlineData("rsa-4096", null, "rsa-4096", "rsa-pss-sha512")]
    public Task Enroll_LargeRsaCas_Chain(string rootKey, string? rootSignature, string issuingKey, string? issuingSignature) =>
        Enroll_EveryCaAlgorithm_ChainsInDotNetAndBouncyCastle(rootKey, rootSignature, issuingKey, issuingSignature);

    [Fact]
    [Trait("tier", "full")]
    public Task Enroll_LargeRsaSubject_Chains() => Enroll_EverySubjectKeyKind_Chains("rsa-4096");

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("rsa-3072")]
    [InlineData("ed25519")]
    public async Task Enroll_EverySubjectKeyKind_Chains(string algorithm)
    {
        await using var authority = await TestAuthority.StartAsync();
        var key = await TestAuthority.KeyAsync(KeyAlgorithm.Find(algorithm));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), await authority.CredentialAsync()));
        Assert.Equal(key.PublicKey, issued.Certificate.PublicKey);
        Assert.Equal([authority.Ceremony.Issuing, authority.Ceremony.Root], issued.Chain);
        Accept(authority, issued.Certificate);
    }

    [Fact]
    public async Task Enroll_AnyAllowedRequest_IsWhatWasAskedAndChains()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var segment = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"], 1, 40];
        var label = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789"], 1, 20];
        var number = 0;
        await Gen.Select(segment, label.Array[0, 8], Gen.OneOf(Gen.Const(true), Gen.Const(false))).SampleAsync(
            async (name, labels, short_) =>
            {
                var commonName = $"{name}{Interlocked.Increment(ref number)}";
                var names = labels.Select(l => new GeneralName.Dns($"{l}.agents.test")).Distinct().ToArray();
                var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), commonName, names), credential, short_ ? "agent-short" : null);
                var certificate = Assert.IsType<EnrollmentOutcome.Issued>(outcome).Certificate;
                Assert.Equal([new GeneralName.Uri($"spiffe://agents.test/agent/{commonName}"), .. names], certificate.SubjectAlternativeNames);
                Assert.True(certificate.NotAfter <= authority.Time.GetUtcNow() + TimeSpan.FromDays(1));
                Assert.Equal(short_, certificate.FindExtension(Oids.NoRevocationAvailable) is not null);
                Accept(authority, certificate);
            },
            iter: 60,
            threads: 2);
    }

    [Fact]
    public async Task Enroll_PointersAndIdentifiers_AreRightForThePosition()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.Equal(authority.Ceremony.Issuing.SubjectKeyIdentifier.ToArray(), certificate.AuthorityKeyIdentifier.ToArray());
        Assert.Equal(certificate.PublicKey.KeyIdentifier(), certificate.SubjectKeyIdentifier.ToArray());
        Assert.Equal(
            [(Oids.AccessMethodOcsp, "http://pki.test:8080/ocsp"), (Oids.AccessMethodCaIssuers, "http://pki.test:8080/ca/issuing.cer")],
            certificate.Fields.AuthorityInformationAccess.Select(a => (a.Method, ((GeneralName.Uri)a.Location).Value)));
        Assert.Equal("http://pki.test:8080/crl/issuing.crl", ((GeneralName.Uri)certificate.Fields.CrlDistributionPoints[0].FullName[0]).Value);
        Assert.Equal(authority.Time.GetUtcNow() - TimeSpan.FromMinutes(5), certificate.NotBefore);
        Assert.Equal(authority.Time.GetUtcNow() + TimeSpan.FromHours(24), certificate.NotAfter);
    }

    [Fact]
    public async Task Enroll_Issued_IsInStoreAndLedgerWithTheSameFacts()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test", await authority.CredentialAsync("robot"));
        var stored = (await authority.FindAsync(certificate))!.Certificate;
        Assert.Equal(certificate.Der.ToArray(), stored.Der);
        Assert.Equal(("agent", certificate.SpiffeId!.ToString(), "credential:robot"), (stored.Profile, stored.AgentId, stored.Requester));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
        Assert.All(LedgerFacts.OfCertificate("issuing", certificate.SerialNumber.Span, certificate.Der.Span), fact => Assert.Equal(fact.Value, entry[fact.Key]));
    }

    [Fact]
    public async Task Appliance_TlsServer_ChainsAndNamesItsHosts()
    {
        await using var authority = await TestAuthority.StartAsync();
        var key = await TestAuthority.KeyAsync();
        GeneralName[] names = [new GeneralName.Dns("localhost"), new GeneralName.Ip(System.Net.IPAddress.Loopback)];
        var issued = Assert.IsType<Outcome<EnrollmentOutcome.Issued>.Done>(await authority.Services.Appliance.IssueAsync(ProfileUse.TlsServer, key.PublicKey, "localhost", names, default)).Value;
        Assert.Equal(names, issued.Certificate.SubjectAlternativeNames);
        Accept(authority, issued.Certificate);
        await Assert.ThrowsAsync<ArgumentException>(() => authority.Services.Appliance.IssueAsync(ProfileUse.Agent, key.PublicKey, "x", [], default).AsTask());
        var refused = await authority.Services.Appliance.IssueAsync(ProfileUse.CmsSigner, key.PublicKey, "x", names, default);
        Assert.Equal(PkiProblemKind.PolicyViolation, Assert.IsType<Outcome<EnrollmentOutcome.Issued>.Refused>(refused).Problem.Kind);
    }

    private static void Accept(TestAuthority authority, Certificate certificate)
    {
        var (leaf, issuing, root) = (certificate.Der.ToArray(), authority.Ceremony.Issuing.Der.ToArray(), authority.Ceremony.Root.Der.ToArray());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(root));
        chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(issuing));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = authority.Time.GetUtcNow().LocalDateTime;
        Assert.True(chain.Build(X509CertificateLoader.LoadCertificate(leaf)), string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation)));

        var parser = new Org.BouncyCastle.X509.X509CertificateParser();
        var path = new PkixCertPath([parser.ReadCertificate(leaf), parser.ReadCertificate(issuing)]);
        var anchors = new HashSet<TrustAnchor> { new(parser.ReadCertificate(root), null) };
        var parameters = new PkixParameters(anchors) { IsRevocationEnabled = false, Date = authority.Time.GetUtcNow().UtcDateTime };
        new PkixCertPathValidator().Validate(path, parameters);
    }
}
