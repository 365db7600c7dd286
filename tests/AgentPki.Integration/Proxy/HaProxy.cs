using System.Diagnostics;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Proxy;

/// <summary>Debian's HAProxy with <c>packaging/haproxy/haproxy.cfg</c> as it is shipped, in a process of this test's own.</summary>
internal sealed class HaProxy : IAsyncDisposable
{
    public const string Name = "localhost";
    private readonly Process process;
    private readonly Task<string> errors;

    private HaProxy(Process process, int port) => (this.process, Port, errors) = (process, port, process.StandardError.ReadToEndAsync());

    public int Port { get; }

    public string EstUrl => $"https://localhost:{Port}/.well-known/est";

    private static string Packaging(string file) => Path.Combine(SourceTree.Root, "packaging", "haproxy", file);

    /// <summary>The shipped script gets the proxy's certificate from the appliance, or renews it.</summary>
    public static Task<ToolResult> CertifyAsync(Appliance appliance, string bundle, params string[] credentialFile) =>
        Tool.RunAsync("bash", [Packaging("certificate.sh"), appliance.EstUrl, appliance.AnchorsFile, bundle, Name, .. credentialFile]);

    public static async Task<HaProxy> StartAsync(Appliance appliance, string bundle, string socket)
    {
        var (port, _) = FreePorts.Pair();
        var start = new ProcessStartInfo("haproxy", ["-f", Packaging("haproxy.cfg"), "-db", "-q"]) { RedirectStandardError = true };
        start.Environment["AGENTPKI_PROXY_BIND"] = $"127.0.0.1:{port}";
        start.Environment["AGENTPKI_PROXY_CERTIFICATE"] = bundle;
        start.Environment["AGENTPKI_PROXY_ISSUER"] = await IssuingAsync(appliance, bundle + ".issuing");
        start.Environment["AGENTPKI_PROXY_SOCKET"] = socket;
        var proxy = new HaProxy(Tool.Start(start, "haproxy"), port);
        var client = proxy.Client(appliance);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await client.ExchangeAsync(Requests.Get(Requests.EstRoot + "cacerts")) is { Status: 200 };
                }
                catch (System.Net.Sockets.SocketException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(20),
            () => $"haproxy does not serve {(proxy.process.HasExited ? proxy.errors.Result : "")}",
            giveUp: () => proxy.process.HasExited);
        return proxy;
    }

    public RawClient Client(Appliance appliance) => new(Port, appliance.Anchors());

    // README.md of the package: the first certificate of chain.pem.
    private static async Task<string> IssuingAsync(Appliance appliance, string file)
    {
        (await Tool.RunAsync("openssl", ["x509", "-in", appliance.ChainFile, "-out", file])).MustSucceed();
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
