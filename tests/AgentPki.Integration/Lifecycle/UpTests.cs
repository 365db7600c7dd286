using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Lifecycle;

/// <summary><c>agentpki up</c>: from nothing to a verified certificate, again from what is there, and clear words when it cannot be.</summary>
public sealed class UpTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Up_TwiceOnOneHome_MakesNothingAnew()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var before = Lasting(appliance);
        var agent = await EnrolledAgent.CreateAsync(appliance);

        Assert.Equal(0, await appliance.StopAsync());
        await appliance.StartAsync();

        Assert.Equal(before, Lasting(appliance));
        await agent.RenewAsync(appliance);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task Up_TellsItsStory()
    {
        var appliance = await shared.GetAsync();
        await Eventually.TrueAsync(() => Task.FromResult(appliance.Output.Contains("agentpki ", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), () => appliance.Output);
        Assert.Contains("openssl", appliance.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", appliance.Output, StringComparison.Ordinal); // NO_COLOR
    }

    [Fact]
    public async Task Up_EnrolsASampleAgentThatOpenSslVerifies()
    {
        var appliance = await shared.GetAsync();
        var certificate = Path.Combine(appliance.Home, "dev", "agent.pem");
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(certificate)), TimeSpan.FromSeconds(20), () => appliance.Output);
        (await OpenSsl.VerifyAsync(folder, appliance, certificate)).MustSucceed();
    }

    [Fact]
    public async Task Up_OnAHomeInUse_SaysWhoHasIt()
    {
        var appliance = await shared.GetAsync();
        var second = (await appliance.Cli.RunAsync("up")).MustFail();
        Assert.Contains("running on the home", second.Error + second.Text, StringComparison.Ordinal);
        Assert.True(appliance.IsRunning);
    }

    [Fact]
    public async Task Up_OnAPortInUse_NamesThePort()
    {
        using var squatter = new TcpListener(IPAddress.Loopback, 0);
        squatter.Start();
        var port = ((IPEndPoint)squatter.LocalEndpoint).Port;
        var appliance = await shared.GetAsync();
        var result = (await appliance.Cli.RunWithAsync(new Dictionary<string, string> { ["AGENTPKI_HOME"] = folder.File("home"), ["AGENTPKI_HTTPS_PORT"] = $"{port}", ["AGENTPKI_HTTP_PORT"] = "0" }, "up")).MustFail();
        Assert.Contains($"{port}", result.Error + result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error + result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_OnAHomeThatCannotBeWritten_SaysSo()
    {
        var appliance = await shared.GetAsync();
        var blocked = folder.File("file");
        await File.WriteAllTextAsync(blocked, "a file where a folder should be");
        var result = (await appliance.Cli.RunWithAsync(new Dictionary<string, string> { ["AGENTPKI_HOME"] = Path.Combine(blocked, "home") }, "up")).MustFail();
        Assert.Contains(blocked, result.Error + result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error + result.Text, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    // Anchors, chain and credential by content; the token's objects by name.
    private static List<string> Lasting(Appliance appliance)
    {
        string Digest(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
        return
        [
            Digest(appliance.AnchorsFile), Digest(appliance.ChainFile), appliance.Credential,
            .. Directory.EnumerateFiles(Path.Combine(appliance.Home, "tokens"), "*.object", SearchOption.AllDirectories).Select(file => Path.GetFileName(file)).Order(),
        ];
    }
}
