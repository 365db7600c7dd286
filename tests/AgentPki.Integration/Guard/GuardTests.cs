using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Guard;

/// <summary>Real processes: an appliance, a guard, and a service behind it.</summary>
public sealed class GuardTests(SharedAppliance shared) : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private Appliance _appliance = null!;
    private EchoService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _appliance = await shared.GetAsync();
        _service = await EchoService.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Agent_IsLetInWithItsName_AndWhenRevokedItsConnectionIsCutAndNoNewOneMade()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        var (agent, other) = (await EnrolledAgent.CreateAsync(_appliance), await EnrolledAgent.CreateAsync(_appliance));
        using var client = guard.Client(agent);
        using var bystander = guard.Client(other, version: 2);
        var headers = await client.GetStringAsync("headers");
        Assert.Contains($"client-cert=:{Convert.ToBase64String(agent.Certificate.RawData)}:\n", headers, StringComparison.Ordinal);
        Assert.Contains($"x-spiffe-id=spiffe://{Csr.TrustDomain}/agent/{agent.Name}\n", headers, StringComparison.Ordinal);
        using var mine = await client.GetAsync("stream/mine", HttpCompletionOption.ResponseHeadersRead);
        using var theirs = await bystander.GetAsync("stream/theirs", HttpCompletionOption.ResponseHeadersRead);
        var reading = (await mine.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
        await Eventually.TrueAsync(() => Task.FromResult(_service.Streams.Count == 2), TimeSpan.FromSeconds(30), () => "no two streams");

        await _appliance.Cli.RevokeAsync(agent.Serial);
        await Eventually.TrueAsync(() => Task.FromResult(reading.IsCompleted && _service.Streams.Count == 1), TimeSpan.FromSeconds(30), () => $"the stream goes on:\n{guard.Output}");
        Assert.True(reading.IsFaulted);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("headers"));
        Assert.Contains("x-spiffe-id", await bystander.GetStringAsync("headers"), StringComparison.Ordinal);
        Assert.Contains("agentpki_guard_cut", (await guard.HealthAsync("metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Headers_ThatAClientMakesUp_NeverReachTheService()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        using var client = guard.Client(await EnrolledAgent.CreateAsync(_appliance));
        foreach (var name in new[] { "Client-Cert", "client_cert", "Client-Cert-Chain", "X-SPIFFE-ID", "X_SPIFFE_ID", "x-spiffe_id", "X-Forwarded-Client-Cert", "X-SSL-Client-Cert", "Forwarded", "X-Forwarded-For", "X-Real-IP" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "headers");
            request.Headers.TryAddWithoutValidation(name, "spoofed");
            request.Headers.TryAddWithoutValidation("Connection", "X-SPIFFE-ID, Client-Cert");
            using var answer = await client.SendAsync(request);
            var headers = await answer.Content.ReadAsStringAsync();
            Assert.DoesNotContain("spoofed", headers, StringComparison.Ordinal);
            Assert.Equal(2, headers.Split('\n').Count(l => l.StartsWith("client-cert=", StringComparison.Ordinal) || l.StartsWith("x-spiffe-id=", StringComparison.Ordinal)));
        }
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Requests_OfAllKinds_GoThroughAsTheyAre()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        using var client = guard.Client(await EnrolledAgent.CreateAsync(_appliance), version: 2);
        var body = new byte[3_000_000];
        Random.Shared.NextBytes(body);
        using var answer = await client.PostAsync("echo", new ByteArrayContent(body));
        Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal("/path/a%2Fb//c?x=%20&y", await client.GetStringAsync("path/a%2Fb//c?x=%20&y"));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("healthz")).StatusCode); // the service's own, which has none
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Strangers_AreRefusedWithinTheHandshake()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url, "--allow", $"spiffe://{Csr.TrustDomain}/agent/team/*");
        using var nobody = guard.Client(null);
        await Assert.ThrowsAsync<HttpRequestException>(() => nobody.GetStringAsync("headers"));
        using var notAllowed = guard.Client(await EnrolledAgent.CreateAsync(_appliance));
        await Assert.ThrowsAsync<HttpRequestException>(() => notAllowed.GetStringAsync("headers"));
        var request = new CertificateRequest("CN=x", Csr.NewP256(), System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var self = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var stranger = guard.Client(new EnrolledAgent("x", Csr.NewP256(), self));
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetStringAsync("headers"));
        Assert.Contains("NotAllowed", guard.Output, StringComparison.Ordinal);
        Assert.Contains("Untrusted", guard.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Subtree_Revoked_IsCutWithItsRoot_AndHeldIsLetInAgainAfterItsRelease()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        var parent = await EnrolledAgent.CreateAsync(_appliance, "parent");
        var child = await EnrolledAgent.CreateAsync(_appliance, "child");
        (await _appliance.Cli.RunAsync("agent", "set-parent", IdOf(child), "--parent", IdOf(parent))).MustSucceed();
        var other = await EnrolledAgent.CreateAsync(_appliance, "other");
        using var ofChild = guard.Client(child);
        using var ofOther = guard.Client(other);
        await ofChild.GetStringAsync("headers");
        await ofOther.GetStringAsync("headers");
        (await _appliance.Cli.RunAsync("revoke", "--agent", IdOf(parent), "--with-descendants", "--reason", "privilegeWithdrawn", "--confirm", "2")).MustSucceed();
        await RefusedAsync(ofChild, guard);
        await ofOther.GetStringAsync("headers");

        await _appliance.Cli.RevokeAsync(other.Serial, "certificateHold");
        await RefusedAsync(ofOther, guard);
        (await _appliance.Cli.RunAsync("release", other.Serial)).MustSucceed();
        await Eventually.TrueAsync(() => AnswersAsync(ofOther), TimeSpan.FromSeconds(30), () => $"not let in again:\n{guard.Output}");
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Service_DownOrSlow_Is502Or504InOneLine()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url, "--upstream-timeout", "1s");
        using var client = guard.Client(await EnrolledAgent.CreateAsync(_appliance));
        using var slow = await client.GetAsync("slow");
        Assert.Equal((HttpStatusCode.GatewayTimeout, "The service behind this guard did not answer in time.\n"), (slow.StatusCode, await slow.Content.ReadAsStringAsync()));
        await _service.DisposeAsync();
        using var down = await client.GetAsync("headers");
        Assert.Equal((HttpStatusCode.BadGateway, "The service behind this guard cannot be reached.\n"), (down.StatusCode, await down.Content.ReadAsStringAsync()));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Guard_KilledAndStartedAgain_KnowsWhoIsRevoked_AndKeepsItsCertificate()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        var (good, bad) = (await EnrolledAgent.CreateAsync(_appliance), await EnrolledAgent.CreateAsync(_appliance));
        var certificate = await File.ReadAllTextAsync(_folder.File("guard.pem"));
        await guard.KillAsync();
        await _appliance.Cli.RevokeAsync(bad.Serial);
        await guard.StartAgainAsync();
        using var ofGood = guard.Client(good);
        await ofGood.GetStringAsync("headers");
        using var ofBad = guard.Client(bad);
        await Assert.ThrowsAsync<HttpRequestException>(() => ofBad.GetStringAsync("headers"));
        Assert.Equal(certificate, await File.ReadAllTextAsync(_folder.File("guard.pem")));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Appliance_Gone_FailsClosedAfterTheStaleness_AndComesBackWithIt()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await using var guard = await GuardProcess.StartAsync(appliance, _folder, _service.Url, "--max-staleness", "20s", "--source", "feed,ocsp");
        using var client = guard.Client(await EnrolledAgent.CreateAsync(appliance));
        using var stream = await client.GetAsync("stream/one", HttpCompletionOption.ResponseHeadersRead);
        var reading = (await stream.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
        await appliance.KillAsync();
        await client.GetStringAsync("headers"); // the last word still counts
        await Eventually.TrueAsync(() => Task.FromResult(reading.IsCompleted), TimeSpan.FromSeconds(60), () => $"the stream goes on:\n{guard.Output}");
        Assert.False(await AnswersAsync(client));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await guard.HealthAsync()).Status);
        await appliance.StartAsync();
        await Eventually.TrueAsync(() => AnswersAsync(client), TimeSpan.FromSeconds(60), () => $"not let in again:\n{guard.Output}");
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task ThousandConnections_AHundredOfRevokedAgents_OnlyThoseAreCut()
    {
        await using var guard = await GuardProcess.StartAsync(_appliance, _folder, _service.Url);
        List<EnrolledAgent> bad = [];
        for (var i = 0; i < 10; i++)
        {
            bad.Add(await EnrolledAgent.CreateAsync(_appliance, "bad"));
        }

        var good = await EnrolledAgent.CreateAsync(_appliance, "good");
        List<KeptConnection> cut = [], kept = [];
        for (var i = 0; i < 1000; i++)
        {
            (i % 10 == 0 ? cut : kept).Add(await KeptConnection.OpenAsync(guard, i % 10 == 0 ? bad[i / 100] : good));
        }

        foreach (var agent in bad)
        {
            await _appliance.Cli.RevokeAsync(agent.Serial);
        }

        await Eventually.TrueAsync(() => Task.FromResult(cut.All(c => c.Ended.IsCompleted)), TimeSpan.FromSeconds(60), () => $"{cut.Count(c => !c.Ended.IsCompleted)} of 100 are open:\n{guard.Output}");
        Assert.DoesNotContain(kept, c => c.Ended.IsCompleted);
        foreach (var connection in kept.Concat(cut))
        {
            await connection.DisposeAsync();
        }
    }

    private static string IdOf(EnrolledAgent agent) => $"spiffe://{Csr.TrustDomain}/agent/{agent.Name}";

    private static async Task RefusedAsync(HttpClient client, GuardProcess guard) =>
        await Eventually.TrueAsync(async () => !await AnswersAsync(client), TimeSpan.FromSeconds(30), () => $"let in:\n{guard.Output}");

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("headers");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
