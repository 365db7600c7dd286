using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Integration.Recovery;

/// <summary>The old machine that was not gone, or comes back: it decides nothing more once it can know that its log goes on elsewhere.</summary>
[Trait("tier", "full")]
public sealed class OldMachineTests
{
    [Fact]
    public async Task OldMachine_StillRunning_StopsIssuingDecidingAndSigning_AnswersStatus_AndDoesNotStartAgain()
    {
        await using var disaster = await Disaster.PrepareAsync(shipping: true);
        var old = disaster.Old;
        var (agent, revoked) = (await EnrolledAgent.CreateAsync(old, "early"), await EnrolledAgent.CreateAsync(old, "revoked"));
        await old.Cli.RevokeAsync(revoked.Serial);
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);

        // Somebody takes it for dead.
        await using var restored = Appliance.Unmade();
        (await disaster.RestoreAsync(restored, disaster.Shipped, ["alice", "bob"])).MustSucceed();
        await restored.StartAsync();
        await Eventually.TrueAsync(async () => await old.ReadyStatusAsync() == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(40), () => $"the old machine does not notice:\n{old.Output}");
        Assert.Contains("has its epoch 2, and this is epoch 1", (await old.Http().ExchangeAsync(Requests.Get("/readyz")))!.Text, StringComparison.Ordinal);

        // Nothing is issued or decided, and no head is signed; each time with the reason.
        var entries = new HomeStore(old.Home).LedgerSize();
        var heads = await File.ReadAllTextAsync(Path.Combine(old.Home, "checkpoints", "ledger.txt"), TestContext.Current.CancellationToken);
        var enrolled = await old.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("late")), Requests.Basic(old.Credential)));
        Assert.True(enrolled is { Status: 503 } && enrolled.Text.Contains("restored on another machine", StringComparison.Ordinal) && enrolled.Header("Retry-After") is not null, $"{enrolled?.Status} {enrolled?.Text}");
        var renewed = await old.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate);
        Assert.True(renewed is { Status: 503 }, $"{renewed?.Status} {renewed?.Text}");
        var registered = await RegisterAsync(old);
        Assert.True(registered is { Status: HttpStatusCode.ServiceUnavailable, Problem: not null } && registered.Text.Contains("restored on another machine", StringComparison.Ordinal), $"{registered}");

        foreach (var change in (string[][])[["revoke", agent.Serial], ["credential", "new", "--owner", "tests"], ["backup"]])
        {
            Assert.Contains("restored elsewhere", (await old.Cli.RunAsync(change)).MustFail().Error, StringComparison.Ordinal);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken); // heads are signed each second
        Assert.Equal(entries, new HomeStore(old.Home).LedgerSize());
        Assert.Equal(heads, await File.ReadAllTextAsync(Path.Combine(old.Home, "checkpoints", "ledger.txt"), TestContext.Current.CancellationToken));

        // What was decided it still says.
        Assert.Equal(200, (await old.Http().ExchangeAsync(Requests.Get("/crl/issuing.crl")))!.Status);
        using var files = new TempFolder();
        Assert.Contains("good", await OcspAsync(old, files, agent), StringComparison.Ordinal);
        Assert.Contains("revoked", await OcspAsync(old, files, revoked), StringComparison.Ordinal);
        (await old.Cli.RunAsync("agent", "list")).MustSucceed();
        Assert.Contains("2403", old.Output + await File.ReadAllTextAsync(Path.Combine(old.Home, "log", "agentpki.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // Switched off and on again: it refuses to start; the other goes on.
        await old.KillAsync();
        old.Launch();
        Assert.NotEqual(0, await old.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("This log was restored on another machine", old.Output, StringComparison.Ordinal);
        await agent.RenewAsync(restored);
        (await old.Cli.VerifyAuditAsync()).MustSucceed();
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static async Task<AcmeTestAnswer> RegisterAsync(Appliance appliance)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(appliance.Anchors());
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { CertificateChainPolicy = policy } });
        using var client = new AcmeTestClient(http, new Uri($"https://localhost:{appliance.HttpsPort}/acme/directory"));
        return await client.RegisterAsync();
    }

    private static async Task<string> OcspAsync(Appliance appliance, TempFolder files, EnrolledAgent agent)
    {
        var (certificate, _) = agent.Write(files);
        return (await Tool.RunAsync(
            "openssl",
            ["ocsp", "-issuer", appliance.ChainFile, "-cert", certificate, "-url", $"http://127.0.0.1:{appliance.HttpPort}/ocsp", "-CAfile", appliance.AnchorsFile, "-verify_other", appliance.ChainFile],
            folder: files.Path)).MustSucceed().Text;
    }
}
