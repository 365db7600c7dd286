using System.Diagnostics;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Status;

/// <summary>Debian's nginx as a TLS server that asks its clients for certificates and looks them up in a file of CRLs (<c>ssl_crl</c>), in a process of this test's own.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly RelyingParty party;
    private readonly Process process;
    private readonly int port;

    private Nginx(RelyingParty party, Process process, int port) => (this.party, this.process, this.port) = (party, process, port);

    public static async Task<Nginx> StartAsync(RelyingParty party)
    {
        var folder = party.Folder;
        var (port, _) = FreePorts.Pair();
        (await OpenSsl.RunAsync(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", folder.File("server.key"), "-out", folder.File("server.pem"), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")).MustSucceed();
        await File.WriteAllTextAsync(folder.File("nginx.conf"), $$"""
            daemon off;
            worker_processes 1;
            pid {{folder.File("nginx.pid")}};
            error_log stderr warn;
            events { worker_connections 64; }
            http {
              access_log off;
              client_body_temp_path {{folder.File("body")}};
              proxy_temp_path {{folder.File("proxy")}};
              fastcgi_temp_path {{folder.File("fastcgi")}};
              uwsgi_temp_path {{folder.File("uwsgi")}};
              scgi_temp_path {{folder.File("scgi")}};
              server {
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{folder.File("server.pem")}};
                ssl_certificate_key {{folder.File("server.key")}};
                ssl_client_certificate {{party.Appliance.ChainFile}};
                ssl_verify_client on;
                ssl_verify_depth 3;
                ssl_crl {{await party.FetchAllAsync()}};
                ssl_session_cache off;
                ssl_session_tickets off;
                location / { return 200 "$ssl_client_verify\n"; }
              }
            }
            """);
        var start = new ProcessStartInfo("nginx", ["-p", folder.Path, "-c", folder.File("nginx.conf"), "-e", "stderr"]) { RedirectStandardError = true };
        var nginx = new Nginx(party, Tool.Start(start, "nginx"), port);
        await Eventually.TrueAsync(nginx.ListensAsync, TimeSpan.FromSeconds(20), () => "nginx does not listen", giveUp: () => nginx.process.HasExited);
        return nginx;
    }

    /// <summary>Fetches the CRLs anew and has nginx read them: new connections are judged by them once the old worker is gone.</summary>
    public async Task ReloadAsync()
    {
        await party.FetchAllAsync();
        var before = await WorkersAsync();
        (await Tool.RunAsync("kill", ["-HUP", process.Id.ToString()])).MustSucceed();
        await Eventually.TrueAsync(async () => await WorkersAsync() is { Count: 1 } now && !now.Intersect(before).Any(), TimeSpan.FromSeconds(20), () => "nginx keeps its worker");
    }

    public async Task<string> AskAsync(string certificate, string key)
    {
        var answer = await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "--cacert", party.Folder.File("server.pem"), "--cert", certificate, "--key", key, "-w", "%{http_code}", $"https://localhost:{port}/"], folder: party.Folder.Path);
        return answer.Text switch
        {
            "SUCCESS\n200" => "good",
            // nginx answers 400 "The SSL certificate error" whatever was wrong; what it was is in its log.
            var text when text.EndsWith("400", StringComparison.Ordinal) && text.Contains("SSL certificate error", StringComparison.Ordinal) => "revoked",
            var text => text + answer.Error,
        };
    }

    public async ValueTask DisposeAsync()
    {
        (await Tool.RunAsync("kill", ["-TERM", process.Id.ToString()])).MustSucceed();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<IReadOnlyList<string>> WorkersAsync() =>
        (await File.ReadAllTextAsync($"/proc/{process.Id}/task/{process.Id}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private async Task<bool> ListensAsync() =>
        (await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "--cacert", party.Folder.File("server.pem"), "-o", party.Folder.File("unused"), $"https://localhost:{port}/"])).ExitCode == 0;
}
