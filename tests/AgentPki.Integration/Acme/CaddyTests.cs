using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>A web server that is told the directory and nothing else: it obtains by itself, serves what it obtained, and replaces what was revoked.</summary>
[Collection(AcmeClientCollection.Name)]
public sealed class CaddyTests(SharedAppliance shared)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    [Trait("tier", "full")]
    public async Task Caddy_ToldTheDirectory_ServesItsCertificate_AndReplacesARevokedOne()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var name = Csr.NewName("caddy");
        string first;
        await using (var caddy = await Caddy.StartAsync(bench, name))
        {
            first = await caddy.ServedAsync(_ => true);
        }

        Assert.Contains(new HomeStore(bench.Appliance.Home).Certificates(), stored => stored.Serial == first);
        await bench.Appliance.Cli.RevokeAsync(first);
        Directory.Delete(bench.Folder.File(Path.Combine("caddy", "ocsp")), recursive: true); // the answer that it got while the certificate was good
        await using var again = await Caddy.StartAsync(bench, name);
        await again.ServedAsync(serial => serial != first);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Caddy_WithAnExternalKey_ByTlsAlpnAlone_Obtains()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var (id, secret) = await bench.NewExternalKeyAsync();
        await using var caddy = await Caddy.StartAsync(bench, Csr.NewName("caddy"), "disable_http_challenge", $"eab {id} {secret}");
        await caddy.ServedAsync(_ => true);
    }

    private sealed class Caddy : IAsyncDisposable
    {
        private readonly AcmeBench bench;
        private readonly string name;
        private readonly Process process;
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> output = new();

        private Caddy(AcmeBench bench, string name, Process process)
        {
            (this.bench, this.name, this.process) = (bench, name, process);
            process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
            process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public static async Task<Caddy> StartAsync(AcmeBench bench, string name, params string[] issuer)
        {
            var configuration = bench.Folder.File("Caddyfile");
            await File.WriteAllTextAsync(configuration, $$"""
                {
                    admin off
                    storage file_system {{bench.Folder.File("caddy")}}
                    http_port {{bench.Targets.Http01Port}}
                    https_port {{bench.Targets.TlsAlpnPort}}
                    default_bind 127.0.0.1
                }
                {{name}} {
                    tls {
                        issuer acme {
                            email ops@agents.test
                            dir {{bench.Directory}}
                            trusted_roots {{bench.Anchors}}
                            {{string.Join("\n            ", issuer)}}
                        }
                    }
                    respond "hello"
                }
                """);
            var program = await NewerClients.FindAsync("caddy");
            var start = new ProcessStartInfo(program, ["run", "--config", configuration, "--adapter", "caddyfile"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                WorkingDirectory = bench.Folder.Path,
            };
            Tool.CleanEnvironment(start);
            start.Environment["HOME"] = bench.Folder.Path;
            return new Caddy(bench, name, Tool.Start(start, program));
        }

        /// <summary>Waits until it serves a certificate for its name that verifies to the appliance's anchor and is the wanted one; its serial number.</summary>
        public async Task<string> ServedAsync(Func<string, bool> wanted)
        {
            string? served = null;
            await Eventually.TrueAsync(
                async () => (served = await SerialAsync()) is not null && wanted(served), Limit, () => $"Caddy does not serve what it should ({served}):\n{string.Join('\n', output)}", giveUp: () => process.HasExited);
            return served ?? throw new InvalidOperationException("no serial number");
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            process.Dispose();
        }

        private async Task<string?> SerialAsync()
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(bench.Appliance.Anchors());
            try
            {
                using var tcp = new TcpClient();
                await tcp.ConnectAsync(IPAddress.Loopback, bench.Targets.TlsAlpnPort);
                await using var tls = new SslStream(tcp.GetStream());
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, CertificateChainPolicy = policy });
                return ((X509Certificate2)tls.RemoteCertificate!).SerialNumber;
            }
            catch (Exception exception) when (exception is SocketException or IOException or AuthenticationException)
            {
                return null; // not yet
            }
        }
    }
}
