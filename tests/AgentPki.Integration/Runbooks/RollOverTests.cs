using System.Security.Cryptography;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Integration.Migration;
using AgentPki.Integration.PostQuantum;

namespace AgentPki.Integration.Runbooks;

/// <summary>Roots and issuing CAs that are rolled over in their time: the runbook, its windows, and what relying parties see in each.</summary>
[Trait("tier", "full")]
public sealed class RollOverTests
{
    [Fact]
    public async Task RollOver_AllWindows_RelyingPartiesWithEitherAnchorFollow()
    {
        await using var home = await RunbookHome.CreateAsync();
        var agent = await home.EnrollAsync();
        var old = home.Files.File("old-leaf.pem");
        File.Copy(agent.Write(home.Files).Certificate, old);
        var oldAnchor = home.Files.File("old-anchor.pem");
        File.Copy(home.Appliance.AnchorsFile, oldAnchor);
        await home.StopAsync();

        await home.CarryOutAsync("roll-over.yaml");

        // First window: both chains and both roll-over certificates; agents' certificates still come from the old CA.
        await home.ServeAsync();
        Assert.Equal(6, (await SuccessionCourse.GivenOutAsync(home.Appliance)).Count);
        var (newAnchor, rollOver) = (Path.Combine(home.Room.Home, "anchors", "roots.pem"), Path.Combine(home.Room.Home, "anchors", "rollover.pem"));
        var (first, _) = (await home.EnrollAsync()).Write(home.Files);
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", oldAnchor, "-untrusted", home.Appliance.ChainFile, first)).MustSucceed();

        // Switch: agents get certificates of the new CA as they renew.
        await home.AdministerAsync("migrate", "ca", "switch", "--ca", "issuing");
        var renewed = await agent.RenewAsync(home.Appliance);
        var (leaf, _) = renewed.Write(home.Files);
        var between = home.Files.File("between.pem");
        var issuing = home.Files.File("issuing-2.pem");
        var given = await SuccessionCourse.GivenOutAsync(home.Appliance);
        await File.WriteAllTextAsync(issuing, PemEncoding.WriteString("CERTIFICATE", given[0].Der.Span));
        await File.WriteAllTextAsync(between, await File.ReadAllTextAsync(rollOver) + '\n' + await File.ReadAllTextAsync(issuing));
        var oldChain = await PemAsync(home, home.First.Artifact("issuing.der"), "old-issuing.pem");
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", oldAnchor, "-untrusted", between, leaf)).MustSucceed();
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", newAnchor, "-untrusted", rollOver, "-untrusted", oldChain, old)).MustSucceed();
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", newAnchor, "-untrusted", issuing, leaf)).MustSucceed();

        // Finish: the old chain is given out no more.
        await home.AdministerAsync("migrate", "ca", "finish", "--ca", "issuing");
        Assert.Equal(2, (await SuccessionCourse.GivenOutAsync(home.Appliance)).Count);
        await home.EnrollAsync();
        await home.StopAsync();

        // Who checks after all of it: every key that is left proves itself.
        await home.CarryOutAsync("firmware.yaml");
        await home.ServeAsync();
        (await home.Appliance.Cli.RunAsync("doctor")).MustSucceed();
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>Composite, then ML-DSA: each generation by ceremony, and served after it.</summary>
    [Fact]
    public async Task RollOver_EcdsaToCompositeToMlDsa_EachIsServed()
    {
        var module = await PostQuantumParts.LatticeModuleAsync();
        await using var home = await RunbookHome.CreateAsync(
            $"  - kind: nss    # has ML-DSA\n    module: {module}\n    label: NSS Certificate DB\n    pinFile: secrets/pin-nss\n",
            "{ step: initialise-token, token: nss, pin: service }",
            PostQuantumParts.DotNet);
        await home.EnrollAsync();
        await home.StopAsync();

        await home.CarryOutAsync("roll-over.yaml", script => Generation(script, "issuing", "mldsa65-ecdsa-p256", "mldsa87-ecdsa-p384", "issuing-2"));
        await home.ServeAsync(PostQuantumParts.DotNet);
        await home.AdministerAsync("migrate", "ca", "switch", "--ca", "issuing");
        Assert.Matches("issuing-2 .*mldsa65-ecdsa-p256", (await home.Appliance.Cli.RunAsync("status")).MustSucceed().Text);
        await EnrolUnderCompositeAsync(home);
        await home.AdministerAsync("migrate", "ca", "finish", "--ca", "issuing");
        await home.StopAsync();

        await home.CarryOutAsync("roll-over.yaml", script => Generation(script, "issuing-2", "ml-dsa-65", "ml-dsa-87", "issuing-3"));
        await home.ServeAsync(PostQuantumParts.DotNet);
        await home.AdministerAsync("migrate", "ca", "switch", "--ca", "issuing-2");
        await home.AdministerAsync("migrate", "ca", "finish", "--ca", "issuing-2");
        // HTTPS is ML-DSA's now: openssl 3.5 is the client.
        var credential = await home.Appliance.Cli.NewCredentialAsync("--as", home.Administrator);
        var (leaf, _, _) = await new QuantumJudge(home.Appliance, home.Files).EnrollAsync("ML-DSA-65", credential);
        (await PostQuantumParts.RunOpenSslAsync(home.Files, null, "verify", "-x509_strict", "-CAfile", home.Appliance.AnchorsFile, "-untrusted", home.Appliance.ChainFile, leaf)).MustSucceed();
        (await home.Appliance.Cli.RunAsync("doctor")).MustSucceed();
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static string Generation(string script, string authority, string algorithm, string root, string successor) => script
        .Replace("step: ocsp-signer, authority: issuing-2", $"step: ocsp-signer, authority: {successor}", StringComparison.Ordinal)
        .Replace("authority: issuing, algorithm: ecdsa-p256, root-algorithm: ecdsa-p384", $"authority: {authority}, algorithm: {algorithm}, root-algorithm: {root}", StringComparison.Ordinal);

    private static async Task EnrolUnderCompositeAsync(RunbookHome home)
    {
        var credential = await home.Appliance.Cli.NewCredentialAsync("--as", home.Administrator);
        var agent = await EnrolledAgent.EnrollNamedAsync(home.Appliance, Csr.NewName("agent"), credential: credential);
        Assert.Equal("1.3.6.1.5.5.7.6.45", agent.Certificate.SignatureAlgorithm.Value);
    }

    private static async Task<string> PemAsync(RunbookHome home, string der, string name)
    {
        (await OpenSsl.RunAsync(home.Files, "x509", "-in", der, "-out", name)).MustSucceed();
        return name;
    }
}
