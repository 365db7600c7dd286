using System.Diagnostics;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Guard;

/// <summary>CRL files that the guard keeps, and Debian's nginx with <c>packaging/guard/nginx.conf</c> as it is shipped but for ports and folders.</summary>
public sealed class CrlFolderTests(SharedAppliance shared) : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private Appliance _appliance = null!;

    public async ValueTask InitializeAsync() => _appliance = await shared.GetAsync();

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Files_AfterARevocation_HaveItAtOnce_AndTheHookRan()
    {
        var lists = _folder.File("crl");
        await using var guard = await GuardProcess.StartListsAsync(_appliance, _folder, lists, [.. await NamesAsync(), "--on-change", "echo changed >> $AGENTPKI_CRL_DIR/../hooks"]);
        var agent = await EnrolledAgent.CreateAsync(_appliance);
        Assert.False(await NamesAsync(lists, agent.Serial));
        var hooks = await HooksAsync();
        await _appliance.Cli.RevokeAsync(agent.Serial);
        await Eventually.TrueAsync(() => NamesAsync(lists, agent.Serial), TimeSpan.FromSeconds(30), () => $"not in the file:\n{guard.Output}");
        await Eventually.TrueAsync(async () => await HooksAsync() > hooks, TimeSpan.FromSeconds(30), () => $"no hook:\n{guard.Output}");
        Assert.DoesNotContain(Directory.GetFiles(lists), f => f.EndsWith(".new", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Nginx_WithTheShippedConfiguration_RefusesWhoIsRevoked()
    {
        await using var service = await EchoService.StartAsync();
        var lists = _folder.File("crl");
        var (port, _) = FreePorts.Pair();
        var name = Csr.NewName("nginx");
        var server = await EnrolledAgent.EnrollNamedAsync(_appliance, name);
        await File.WriteAllTextAsync(_folder.File("server.pem"), server.Certificate.ExportCertificatePem() + "\n" + await File.ReadAllTextAsync(_appliance.ChainFile));
        await File.WriteAllTextAsync(_folder.File("server.key"), server.Key.ExportPkcs8PrivateKeyPem());
        var site = (await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "packaging", "guard", "nginx.conf")))
            .Replace("listen 8443", $"listen 127.0.0.1:{port}").Replace("/etc/nginx/agents", _folder.Path).Replace("/run/agentpki-crl", lists).Replace("http://127.0.0.1:8000", service.Url.OriginalString.TrimEnd('/'));
        var configuration = _folder.File("nginx.conf");
        await File.WriteAllTextAsync(configuration, $"pid {_folder.File("nginx.pid")};\nerror_log {_folder.File("error.log")};\nevents {{ }}\nhttp {{\naccess_log off;\nclient_body_temp_path {_folder.File("t1")};\nproxy_temp_path {_folder.File("t2")};\nfastcgi_temp_path {_folder.File("t3")};\nuwsgi_temp_path {_folder.File("t4")};\nscgi_temp_path {_folder.File("t5")};\n{site}\n}}\n");
        await using var guard = await GuardProcess.StartListsAsync(_appliance, _folder, lists, [.. await NamesAsync(), "--on-change", $"test ! -f {_folder.File("nginx.pid")} || kill -HUP $(cat {_folder.File("nginx.pid")})"]);
        using var nginx = Tool.Start(new ProcessStartInfo("nginx", ["-p", _folder.Path, "-c", configuration, "-g", "daemon off;"]), "nginx");
        try
        {
            var (agent, other) = (await EnrolledAgent.CreateAsync(_appliance), await EnrolledAgent.CreateAsync(_appliance));
            await Eventually.TrueAsync(async () => await CurlAsync(agent, name, port) == "200", TimeSpan.FromSeconds(30), () => $"nginx does not serve: {File.ReadAllText(_folder.File("error.log"))}", () => nginx.HasExited);
            await _appliance.Cli.RevokeAsync(agent.Serial);
            await Eventually.TrueAsync(async () => await CurlAsync(agent, name, port) == "400", TimeSpan.FromSeconds(30), () => $"nginx lets it in:\n{guard.Output}");
            Assert.Equal("200", await CurlAsync(other, name, port));
        }
        finally
        {
            nginx.Kill();
            await nginx.WaitForExitAsync();
        }
    }

    private async Task<string> CurlAsync(EnrolledAgent agent, string name, int port)
    {
        var (certificate, key) = agent.Write(_folder);
        return (await Tool.RunAsync("curl", ["-s", "--noproxy", "*", "--cacert", _appliance.AnchorsFile, "--cert", certificate, "--key", key, "-o", "/dev/null", "-w", "%{http_code}", "--resolve", $"{name}:{port}:127.0.0.1", $"https://{name}:{port}/headers"])).Text;
    }

    // The CAs of the chain as the certificates' distribution points name them.
    private async Task<string[]> NamesAsync()
    {
        var agent = await EnrolledAgent.CreateAsync(_appliance);
        var (certificate, _) = agent.Write(_folder);
        List<string> arguments = [];
        foreach (var file in new[] { certificate, _appliance.ChainFile })
        {
            var text = (await Tool.RunAsync("openssl", ["x509", "-noout", "-ext", "crlDistributionPoints", "-in", file])).MustSucceed().Text;
            var url = text.Split('\n').Select(l => l.Trim()).First(l => l.StartsWith("URI:", StringComparison.Ordinal))[4..];
            arguments.AddRange(["--crl", $"http://127.0.0.1:{_appliance.HttpPort}{new Uri(url).AbsolutePath}"]);
        }

        return [.. arguments];
    }

    private static async Task<bool> NamesAsync(string lists, string serial)
    {
        foreach (var file in Directory.GetFiles(lists, "*.crl"))
        {
            if ((await Tool.RunAsync("openssl", ["crl", "-inform", "DER", "-noout", "-text", "-in", file])).MustSucceed().Text.Contains(serial, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<int> HooksAsync() => File.Exists(_folder.File("hooks")) ? (await File.ReadAllLinesAsync(_folder.File("hooks"))).Length : 0;
}
