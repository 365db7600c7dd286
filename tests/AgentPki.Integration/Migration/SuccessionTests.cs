using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Integration.PostQuantum;
using AgentPki.Testing;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;

namespace AgentPki.Integration.Migration;

/// <summary>RFC 9810 §4.4 through the real process: a classical home's CAs go over to others, and whoever holds either root follows.</summary>
public sealed class SuccessionTests : IDisposable
{
    private static readonly CryptoProviders Software =
        new(new PlatformProvider(), new BouncyCastleProvider(), new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider()));

    private readonly TempFolder folder = new();

    [Fact]
    public async Task Ca_ToAnotherCurve_OpenSslFollowsBothWays()
    {
        await using var appliance = await Appliance.StartNewAsync();

        var course = await SuccessionCourse.RunAsync(appliance, folder, "--algorithm", "ecdsa-p384", "--root-algorithm", "ecdsa-p384", "--served-for", "30d");

        await course.AssertFollowedBothWaysAsync(JudgeWith(arguments => OpenSsl.RunAsync(folder, arguments)));
        // Over: the running appliance's files and HTTPS certificate have followed when the command returns.
        Assert.Contains("The HTTPS certificate comes from CA 'issuing-2' now.", (await appliance.Cli.RunAsync("migrate", "ca", "finish")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Equal([Read(course.NewAnchor)], Anchors(appliance));
        Assert.Equal([Read(course.NewIssuing), Read(course.NewAnchor)], await SuccessionCourse.GivenOutAsync(appliance));
        Assert.False(File.Exists(Path.Combine(appliance.Home, "anchors", "roots.pem")));
        Assert.Matches("ok +tls issuer +CA 'issuing-2'", (await appliance.Cli.RunAsync("doctor")).MustSucceed().Text);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>A folder where a file is to be written stands for a full disk.</summary>
    [Fact]
    [Trait("tier", "full")]
    public async Task Ca_HttpsAndAnchorsCannotFollow_IsSaidAndMadeUpForInAMinute()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var (certificate, anchors) = (Path.Combine(appliance.Home, "tls", "server.pem"), Path.Combine(appliance.Home, "anchors"));
        Directory.CreateDirectory(Path.Combine(anchors, "roots.pem.new"));
        Assert.Contains(
            "Note: The files under anchors/ did not follow yet; they are tried again every minute: ",
            (await appliance.Cli.RunAsync("migrate", "ca", "start", "--algorithm", "ecdsa-p384", "--root-algorithm", "ecdsa-p384")).MustSucceed().Text,
            StringComparison.Ordinal);
        Directory.Delete(Path.Combine(anchors, "roots.pem.new"));
        (await appliance.Cli.RunAsync("migrate", "ca", "switch")).MustSucceed();
        var (oldRoot, newRoot) = (Assert.Single(Anchors(appliance)), Read(Path.Combine(anchors, "roots.pem")));

        // The new certificate cannot be kept: the old one is served on, and whoever has the anchors still reaches the appliance.
        File.Delete(certificate);
        Directory.CreateDirectory(certificate);
        Assert.Contains(
            "Note: The HTTPS certificate is still the old CA's; it is tried again every minute, root.pem keeps its root until then.",
            (await appliance.Cli.RunAsync("migrate", "ca", "finish")).MustSucceed().Text,
            StringComparison.Ordinal);
        Assert.Equal([newRoot, oldRoot], Anchors(appliance));
        Assert.Equal(2, (await SuccessionCourse.GivenOutAsync(appliance)).Count);

        Directory.Delete(certificate);
        await Eventually.TrueAsync(() => Task.FromResult(Anchors(appliance).Count() == 1), TimeSpan.FromMinutes(3), () => $"root.pem did not follow\n{appliance.Output}");
        Assert.Equal([newRoot], Anchors(appliance));
        Assert.Equal(2, (await SuccessionCourse.GivenOutAsync(appliance)).Count);
        (await appliance.Cli.RunAsync("doctor")).MustSucceed();
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ca_ToMlDsaInATokenThatCameLater_OpenSslFollowsBothWays()
    {
        await using var appliance = await ClassicalHomeWithANewTokenAsync(PostQuantumParts.DotNet);
        var judge = new QuantumJudge(appliance, folder);

        var course = await SuccessionCourse.RunAsync(appliance, folder, "--algorithm", "ml-dsa-65", "--root-algorithm", "ml-dsa-87");

        Assert.Matches(@"ml-dsa-65.*key level: token \(pkcs11:nss/issuing-2-ca\)", (await appliance.Cli.RunAsync("status")).MustSucceed().Text);
        await course.AssertFollowedBothWaysAsync(JudgeWith(judge.RunAsync));

        // The agent goes on: with the certificate of the new CA it gets one for a key of the new kind.
        var (certificate, key) = course.After.Write(folder);
        var renewed = await judge.RenewAsync((certificate, key, course.After.Name), "ML-DSA-65");
        (await judge.RunAsync("verify", "-x509_strict", "-CAfile", course.NewAnchor, "-untrusted", course.NewIssuing, renewed)).MustSucceed();

        // Over: the new chain alone; its CRLs, OCSP answers and TLS are verified by it.
        Assert.Contains("comes from CA 'issuing-2' now", (await appliance.Cli.RunAsync("migrate", "ca", "finish")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Equal([Read(course.NewAnchor)], Anchors(appliance));
        (await judge.VerifyWithListsAsync(renewed, "root-2", "issuing-2")).MustSucceed();
        Assert.Contains(": good", await judge.StatusAsync(renewed), StringComparison.Ordinal);
        Assert.Contains("Verify return code: 0 (ok)", await judge.HandshakeAsync(), StringComparison.Ordinal);
        (await appliance.Cli.RunAsync("doctor")).MustSucceed();
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Ca_ToACompositeInTwoTokens_OurVerifierFollowsBothWays()
    {
        await using var appliance = await ClassicalHomeWithANewTokenAsync("dotnet");

        var course = await SuccessionCourse.RunAsync(appliance, folder, "--algorithm", "mldsa65-ecdsa-p256", "--root-algorithm", "mldsa87-ecdsa-p384");

        Assert.Matches(@"mldsa65-ecdsa-p256.*key level: token", (await appliance.Cli.RunAsync("status")).MustSucceed().Text);
        await course.AssertFollowedBothWaysAsync(JudgeOurselves(AlternativeSignaturePolicy.WhenPresent));

        // A second opinion on the two links that are new in kind.
        var (newRoot, newIssuing) = (Read(course.NewAnchor), Read(course.NewIssuing));
        foreach (var (signer, signed) in new[] { (newRoot, Read(course.OldWithNew)), (newRoot, newIssuing), (newIssuing, Read(course.NewLeaf)) })
        {
            Assert.True(ForeignComposite.Verify(signer.PublicKey, signed.Tbs.ToArray(), signed.Signature.ToArray()));
        }

        // No TLS library presents a certificate with a composite signature: the agent goes on by full CMC, signed with it.
        var (certificate, key) = course.After.Write(folder);
        var identity = new OpenSslRequest(course.After.Name, certificate[..^".pem".Length]);
        Assert.Equal((certificate, key), (identity.Certificate, identity.Key));
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", course.After.Name);
        (await Curl.To(appliance, folder).PostAsync("fullcmc", await FullCmc.SignAsync(folder, identity, await File.ReadAllBytesAsync(request.Der)), FullCmc.MediaType)).MustBe(200);

        // CRL and OCSP of the new CA, before and after a revocation.
        Assert.IsType<OcspCertificateStatus.Good>(await StatusAsync(appliance, newIssuing, Read(course.NewLeaf)));
        await appliance.Cli.RevokeAsync(Read(course.NewLeaf).SerialHex);
        Assert.IsType<OcspCertificateStatus.Revoked>(await StatusAsync(appliance, newIssuing, Read(course.NewLeaf)));
        var list = CertificateList.Parse((await appliance.Http().ExchangeAsync(Requests.Get("/crl/issuing-2.crl")))!.Body);
        Assert.True(list.VerifySignature(newIssuing.PublicKey, Software));
        Assert.NotNull(list.Find(Read(course.NewLeaf).SerialNumber.Span));

        // Over: no OpenSSL accepts a composite's signature in TLS, so HTTPS stays where it was, which is said, and clients get that root too.
        const string Said = "accepts no TLS certificate signed with mldsa65-ecdsa-p256: HTTPS stays with CA 'issuing' (ecdsa-p256)";
        Assert.Contains(Said, (await appliance.Cli.RunAsync("migrate", "ca", "finish")).MustSucceed().Text, StringComparison.Ordinal);
        for (var start = 0; start < 2; start++)
        {
            Assert.Equal([newRoot, Read(course.OldAnchor)], Anchors(appliance));
            Assert.Equal([newIssuing, newRoot, Read(course.OldAnchor)], await SuccessionCourse.GivenOutAsync(appliance));
            var doctor = (await appliance.Cli.RunAsync("doctor")).MustSucceed().Text;
            Assert.Matches("warn +tls issuer", doctor);
            Assert.Contains(Said, doctor, StringComparison.Ordinal);
            await appliance.KillAsync();
            await appliance.StartAsync();
        }

        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>One classical token alone: the second keys are wrapped under it, as their predecessors were.</summary>
    [Fact]
    [Trait("tier", "full")]
    public async Task Ca_FromTwoKeysToTwo_OpenSslFollowsTheFirstAndOurVerifierBoth()
    {
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { UpArguments = ["--profile", "catalyst"] });
        Assert.Contains("issuing alternative key token-wrapped", appliance.Output, StringComparison.Ordinal);

        var course = await SuccessionCourse.RunAsync(appliance, folder, "--algorithm", "catalyst ecdsa-p384 + ml-dsa-87", "--root-algorithm", "catalyst ecdsa-p384 + slh-dsa-sha2-128s");

        await course.AssertFollowedBothWaysAsync(JudgeWith(arguments => OpenSsl.RunAsync(folder, arguments)));
        await course.AssertFollowedBothWaysAsync(JudgeOurselves(AlternativeSignaturePolicy.Required));
        Assert.Contains("The HTTPS certificate comes from CA 'issuing-2' now.", (await appliance.Cli.RunAsync("migrate", "ca", "finish")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Matches(@"CA issuing-2 .*catalyst ecdsa-p384 \+ ml-dsa-87.*key level: token \(.*alternative key: token-wrapped \(", (await appliance.Cli.RunAsync("status")).MustSucceed().Text);
        await appliance.KillAsync();
        await appliance.StartAsync();
        Assert.Contains("issuing to issuing-2 (catalyst ecdsa-p384 + ml-dsa-87): finished", appliance.Output, StringComparison.Ordinal);
        (await appliance.Cli.RunAsync("doctor")).MustSucceed();
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A home made with one classical token; then its operator adds one that has ML-DSA.</summary>
    private static async Task<Appliance> ClassicalHomeWithANewTokenAsync(string dotNet)
    {
        var module = await PostQuantumParts.LatticeModuleAsync();
        var appliance = await Appliance.StartNewAsync(new ApplianceOptions { DotNet = dotNet, Environment = new Dictionary<string, string> { ["AGENTPKI_OPENSSL"] = PostQuantumParts.OpenSsl } });
        try
        {
            await appliance.KillAsync();
            var file = Path.Combine(appliance.Home, "agentpki.yaml");
            var configuration = await File.ReadAllTextAsync(file);
            var first = configuration.IndexOf("    callDeadline: 5s\n", StringComparison.Ordinal);
            Assert.True(first > 0, configuration);
            await File.WriteAllTextAsync(file, configuration.Insert(configuration.IndexOf('\n', first) + 1, $"  - kind: nss\n    module: {module}\n    label: NSS Certificate DB\n    pinFile: secrets/pin-nss\n"));
            await appliance.StartAsync();
            return appliance;
        }
        catch
        {
            await appliance.DisposeAsync();
            throw;
        }
    }

    private static Func<string, string, string[], Task<string?>> JudgeWith(Func<string[], Task<ToolResult>> openssl) => async (anchor, leaf, between) =>
    {
        var result = await openssl(["verify", "-x509_strict", "-CAfile", anchor, .. between.SelectMany(file => new[] { "-untrusted", file }), leaf]);
        return result.ExitCode == 0 ? null : result.Error;
    };

    private static Func<string, string, string[], Task<string?>> JudgeOurselves(AlternativeSignaturePolicy policy) => (anchor, leaf, between) => Task.FromResult(
        new ChainVerifier([Read(anchor)], Software, TimeProvider.System, policy).Verify(Read(leaf), between.Select(Read), X509.Oids.ClientAuth) is ChainResult.Invalid invalid ? invalid.Detail : null);

    private static async Task<OcspCertificateStatus> StatusAsync(Appliance appliance, Certificate issuer, Certificate leaf)
    {
        var answer = await appliance.Http().ExchangeAsync(Requests.Post("/ocsp", "application/ocsp-request", OcspRequest.Encode([CertId.Create(issuer, leaf.SerialNumber)])));
        var response = OcspResponse.Parse(answer!.Body);
        var responder = Assert.Single(response.Certificates);
        Assert.True(responder.VerifySignature(issuer.PublicKey, Software) && response.VerifySignature(responder.PublicKey, Software));
        return response.Data!.Responses[0].Status;
    }

    private static IEnumerable<Certificate> Anchors(Appliance appliance) => appliance.Anchors().Select(a => Certificate.Parse(a.RawData));

    private static Certificate Read(string pem) => Certificate.Parse(System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(pem).RawData);
}
