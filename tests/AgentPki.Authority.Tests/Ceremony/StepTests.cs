using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

/// <summary>Each kind of step, on homes whose token is software; through the terminal and on real tokens they are in AgentPki.Integration.</summary>
public sealed class StepTests
{
    private const string Token = "  - { step: initialise-token, token: main }\n  - { step: ledger-key }\n";
    private const string Root = Token + "  - { step: root-ca, subject: \"CN=Test Root,O=Test\" }\n";
    private const string Both = Root + "  - { step: issuing-ca, subject: \"CN=Test Issuing,O=Test\" }\n";

    [Fact]
    public async Task OfflineRoot_CertifiesAnIssuingCaElsewhere_AndItsCrlIsInstalled()
    {
        using var root = await BeginAsync(Root);
        using var online = await BeginAsync(Token + "  - { step: issuing-request, subject: \"CN=Agents CA,O=Test\" }\n");
        Carry(online, "issuing.csr", root);
        Assert.Equal(CeremonyOutcome.Closed, await root.RunAgainAsync("  - { step: sign-request, request: issuing.csr, name: issuing }\n  - { step: root-crl }\n"));
        Good(root);
        foreach (var name in new[] { "issuing.der", "root.der", "root-1.crl" })
        {
            Carry(root, name, online);
        }

        Assert.Equal(CeremonyOutcome.Closed, await online.RunAgainAsync("  - { step: install-ca, certificate: issuing.der, issuer-certificate: root.der }\n  - { step: install-crl, crl: root-1.crl }\n"));
        Good(online);
        var authorities = await ((IAuthorityStore)online.Store).ListAsync(default);
        Assert.Equal([("root", true), ("issuing", false)], authorities.Select(a => (a.Name, a.Key.IsElsewhere)));

        // The root takes it back: the CRL says so, and here it is revoked.
        Carry(root, "issuing.der", root);
        Assert.Equal(CeremonyOutcome.Closed, await root.RunAgainAsync("  - { step: revoke-ca, certificate: issuing.der }\n  - { step: root-crl }\n"));
        Carry(root, "root-2.crl", online);
        Assert.Equal(CeremonyOutcome.Closed, await online.RunAgainAsync("  - { step: install-crl, crl: root-2.crl }\n"));
        Assert.Contains(online.Room.Warnings, w => w.Contains("The CRL revokes 'issuing'", StringComparison.Ordinal));
        var certificate = Certificate.Parse(authorities.Single(a => a.Name == "issuing").Der);
        Assert.IsType<CertificateStatus.Revoked>(await ((ICertificateStore)online.Store).FindStatusAsync("root", certificate.SerialNumber, default));

        // The older CRL is refused.
        Assert.Equal(CeremonyOutcome.Stopped, await online.RunAgainAsync("  - { step: install-crl, crl: root-1.crl }\n"));
        Assert.Contains("it is older (number 1)", Assert.Single(online.Room.Warnings), StringComparison.Ordinal);
    }

    /// <summary>As SPIRE's server does below its upstream CA: it makes a CA of its own, which certifies workloads.</summary>
    [Theory]
    [InlineData("0", false)]
    [InlineData("1", true)]
    public async Task SignRequest_CasBelow_ChainOnlyWhereTheyMay(string below, bool chains)
    {
        using var root = await BeginAsync(Root);
        using var upstreamKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllBytesAsync(root.PathOf("spire.csr"), new CertificateRequest("CN=SPIRE upstream", upstreamKey, HashAlgorithmName.SHA256).CreateSigningRequest());
        Assert.Equal(CeremonyOutcome.Closed, await root.RunAgainAsync($"  - {{ step: sign-request, request: spire.csr, name: spire, below: {below} }}\n"));
        Good(root);

        using var anchor = X509CertificateLoader.LoadCertificate(await File.ReadAllBytesAsync(Path.Combine(root.Folder.Artifacts, "root.der")));
        using var upstream = X509CertificateLoader.LoadCertificate(await File.ReadAllBytesAsync(Path.Combine(root.Folder.Artifacts, "spire.der")));
        using var upstreamWithKey = upstream.CopyWithPrivateKey(upstreamKey);
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var server = Below(upstreamWithKey, "CN=SPIRE", serverKey, authority: true);
        using var serverWithKey = server.CopyWithPrivateKey(serverKey);
        using var workloadKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var workload = Below(serverWithKey, "CN=workload", workloadKey, authority: false);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(anchor);
        chain.ChainPolicy.ExtraStore.Add(upstream);
        chain.ChainPolicy.ExtraStore.Add(server);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.Equal(chains, chain.Build(workload));
        Assert.True(chains || chain.ChainStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.InvalidBasicConstraints)), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
    }

    private static X509Certificate2 Below(X509Certificate2 issuer, string subject, ECDsa key, bool authority)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(authority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://agents.test/workload"));
        request.CertificateExtensions.Add(names.Build());
        return request.Create(issuer, issuer.NotBefore, issuer.NotAfter, [1, 2, 3, 4]);
    }

    [Fact]
    public async Task Successor_OfBoth_RollsOver_AndMovesOn()
    {
        using var ceremony = await BeginAsync(Both);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("""
              - { step: successor, algorithm: ecdsa-p384, root-algorithm: ecdsa-p256 }
              - { step: succession, to: switch }
              - { step: succession, to: finish }
              - { step: ocsp-signer }
              - { step: tsa-signer, subject: "CN=Test TSA,O=Test" }
              - { step: check-keys }
            """));
        Assert.Empty(ceremony.Room.Warnings);
        Good(ceremony);
        Assert.Equal(["root", "issuing", "root-2", "issuing-2"], (await ((IAuthorityStore)ceremony.Store).ListAsync(default)).OrderBy(a => a.Created).Select(a => a.Name));
        Assert.Equal(SuccessionState.Finished, (await ((IAuthorityStore)ceremony.Store).ListSuccessionsAsync(default)).Single(s => s.Predecessor == "issuing").State);
        Assert.All(new[] { "root-2-new-with-old.der", "root-2-old-with-new.der", "issuing-ocsp.der", "issuing-tsa.der" }, name => Assert.True(File.Exists(Path.Combine(ceremony.Folder.Artifacts, name)), name));
    }

    [Fact]
    public async Task CrossSign_AnotherRoot_AndOnlyACa()
    {
        using var ours = await BeginAsync(Both);
        using var theirs = await BeginAsync(Token + "  - { step: root-ca, subject: \"CN=Enterprise Root,O=Enterprise\" }\n");
        Carry(theirs, "root.der", ours);
        Assert.Equal(CeremonyOutcome.Closed, await ours.RunAgainAsync("  - { step: cross-sign, certificate: root.der, name: enterprise }\n"));
        Good(ours);
        var (cross, root) = (Certificate.Parse(File.ReadAllBytes(Path.Combine(ours.Folder.Artifacts, "enterprise.der"))), Certificate.Parse(File.ReadAllBytes(Path.Combine(ours.Folder.Artifacts, "root.der"))));
        Assert.Equal(("CN=Enterprise Root,O=Enterprise", "CN=Test Root,O=Test"), (cross.Subject.ToString(), cross.Issuer.ToString()));
        Assert.True(cross.VerifySignature(root.PublicKey, TestOfficers.Software));
        Carry(ours, "root.der", ours);
        Assert.Equal(CeremonyOutcome.Stopped, await ours.RunAgainAsync("  - { step: cross-sign, certificate: root.der, name: self }\n"));
        Assert.Contains("certifies no key of its own", Assert.Single(ours.Room.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Administrators_TheFirstTwo_AndNoOthersAfterThem()
    {
        using var ceremony = await BeginAsync(Both);
        foreach (var name in new[] { "anna", "otto", "eva", "udo" })
        {
            using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            File.WriteAllBytes(ceremony.PathOf($"{name}.csr"), new System.Security.Cryptography.X509Certificates.CertificateRequest($"CN={name}", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequest());
        }

        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: administrators, first: anna, first-request: anna.csr, second: otto, second-request: otto.csr }\n"));
        Good(ceremony);
        Assert.Equal(["anna", "otto"], (await ((IGovernanceStore)ceremony.Store).ListAdministratorsAsync(default)).Select(a => a.Name).Order());
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync("  - { step: administrators, first: eva, first-request: eva.csr, second: udo, second-request: udo.csr }\n"));
        Assert.Contains("can log in until", Assert.Single(ceremony.Room.Warnings), StringComparison.Ordinal);

        // The same two with the same requests, as after a cut: nobody comes in, and each has a certificate.
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: administrators, first: anna, first-request: anna.csr, second: otto, second-request: otto.csr }\n"));
        Assert.Equal(["anna", "otto"], (await ((IGovernanceStore)ceremony.Store).ListAdministratorsAsync(default)).Select(a => a.Name).Order());

        // One of them with somebody else's request is somebody else.
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync("  - { step: administrators, first: anna, first-request: eva.csr, second: otto, second-request: otto.csr }\n"));
        Assert.Contains("administrator anna can log in until", ceremony.Room.Warnings[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steps_ChangedFile_IsNotTheOneThatWasApproved()
    {
        using var ours = await BeginAsync(Root);
        Carry(ours, "root.der", ours);
        var plan = ours.Plan("  - { step: cross-sign, certificate: root.der, name: x }\n");
        File.AppendAllText(ours.PathOf("root.der"), " ");
        Assert.Equal(CeremonyOutcome.Stopped, await ours.RunElsewhereAsync(plan));
        Assert.Contains("not the one that was approved", Assert.Single(ours.Room.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_AreUnique_AndEveryFieldIsExplained()
    {
        Assert.Equal(StepKinds.All.Count, StepKinds.All.DistinctBy(k => k.Name).Count());
        Assert.All(StepKinds.All, kind => Assert.All(kind.Fields, field => Assert.True(field.Meaning.Length > 5 && (field.Otherwise is null || field.WhyNot(field.Otherwise) is null), $"{kind.Name}.{field.Name}")));
    }

    private static async Task<TestCeremony> BeginAsync(string steps)
    {
        var ceremony = new TestCeremony(await TestOfficers.CreateAsync(2, "alice", "bob"), TimeProvider.System);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(ceremony.Plan(steps)));
        Assert.Empty(ceremony.Room.Warnings);
        return ceremony;
    }

    private static void Carry(TestCeremony from, string name, TestCeremony to) => File.Copy(Path.Combine(from.Folder.Artifacts, name), to.PathOf(name), overwrite: true);

    private static void Good(TestCeremony ceremony) => Assert.DoesNotContain(ceremony.Verify().Findings, f => f.IsProblem);
}
