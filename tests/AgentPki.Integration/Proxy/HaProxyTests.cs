using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Proxy;

/// <summary>The shipped HAProxy configuration in front of the appliance: RFC 9440's header over a Unix socket.</summary>
[Trait("tier", "full")]
public sealed class HaProxyTests : IDisposable
{
    private const UnixFileMode GroupMayConnect = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private readonly TempFolder folder = new();

    [Fact]
    public async Task HaProxy_AsShipped_CarriesEveryClientsIdentityAndNoOther()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var socket = await BehindSocketAsync(appliance);
        Assert.Equal(GroupMayConnect, File.GetUnixFileMode(socket));

        // The proxy's own certificate: enrolled with a credential, then renewed with itself.
        var (bundle, credential) = (folder.File("proxy.pem"), folder.File("credential"));
        await File.WriteAllTextAsync(credential, appliance.Credential + "\n");
        (await HaProxy.CertifyAsync(appliance, bundle)).MustFail();
        (await HaProxy.CertifyAsync(appliance, bundle, credential)).MustSucceed();
        (await HaProxy.CertifyAsync(appliance, bundle)).MustSucceed();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(bundle));
        await using var proxy = await HaProxy.StartAsync(appliance, bundle, socket);

        // A stock client enrols by Basic and renews by its certificate, all through the proxy.
        var curl = Curl.To(appliance, folder) with { EstUrl = proxy.EstUrl };
        var first = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("behind"));
        await curl.WithCredential(appliance.Credential).EnrollAsync("simpleenroll", first);
        var second = await OpenSsl.NewRequestAsync(folder, "P-256", first.Name);
        await curl.WithIdentity(first.Certificate, first.Key).EnrollAsync("simplereenroll", second);
        await OpenSsl.JudgeAsync(folder, appliance, second.Certificate, second.Key, first.Name);

        await RefusesForgeriesAsync(appliance, proxy);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task ProxySocket_InAFolderOpenToOthers_RefusesToStart()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var open = Directory.CreateDirectory(folder.File("open")).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0x1ED); // 0755
        await NameSocketAsync(appliance, Path.Combine(open, "est.sock"));

        appliance.Launch();
        Assert.Equal(2, await appliance.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("is open to others", appliance.Output, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static async Task RefusesForgeriesAsync(Appliance appliance, HaProxy proxy)
    {
        var agent = await EnrolledAgent.CreateAsync(appliance, "forged");
        var client = proxy.Client(appliance);
        var renewal = Csr.ForDns(Csr.NewP256(), agent.Name);
        var header = $"Client-Cert: :{Convert.ToBase64String(agent.Certificate.RawData)}:";

        // No key, only the certificate in a header: whoever claims it is nobody.
        Assert.Equal(401, (await client.ExchangeAsync(Requests.Enroll("simplereenroll", renewal, header)))?.Status);

        // Another agent's header beside one's own certificate: the proxy's word counts, and its names are not the other's.
        var other = await EnrolledAgent.CreateAsync(appliance, "other");
        var refused = await client.ExchangeAsync(Requests.Enroll("simplereenroll", renewal, header), other.Certificate);
        Assert.True(refused is { Status: 400 or 403 }, $"renewed as another: {refused?.Status} {refused?.Text}");

        // Revoked: the proxy lets the handshake be, the appliance refuses and says why.
        (await appliance.Cli.RunAsync("revoke", agent.Serial, "--reason", "keyCompromise")).MustSucceed();
        var revoked = await client.ExchangeAsync(Requests.Enroll("simplereenroll", renewal), agent.Certificate);
        Assert.True(revoked is { Status: 401 or 403 }, $"renewed with a revoked certificate: {revoked?.Status}");
        Assert.Contains("revoked", revoked!.Text, StringComparison.Ordinal);
    }

    private async Task<string> BehindSocketAsync(Appliance appliance)
    {
        await appliance.StopAsync();
        var closed = Directory.CreateDirectory(folder.File("run"), (UnixFileMode)0x1E8).FullName; // 0750
        var socket = Path.Combine(closed, "est.sock");
        await NameSocketAsync(appliance, socket);
        await appliance.StartAsync();
        return socket;
    }

    private static async Task NameSocketAsync(Appliance appliance, string socket)
    {
        var file = Path.Combine(appliance.Home, "agentpki.yaml");
        var text = await File.ReadAllTextAsync(file);
        Assert.Contains("listen:\n", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace("listen:\n", $"listen:\n  proxySocket: {socket}\n", StringComparison.Ordinal));
    }
}
