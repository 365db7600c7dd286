using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Integration.Governance;

/// <summary>One TLS connection with an administrator's certificate, kept over many requests.</summary>
internal sealed class KeptAdminConnection(HttpClient http, X509Certificate2 certificate) : IAsyncDisposable
{
    private int connections;

    public static Task<KeptAdminConnection> OpenAsync(ProductionHome home, string who)
    {
        var certificate = X509Certificate2.CreateFromPemFile(home.File(who + ".crt"), home.File(who + ".key"));
        var anchors = new X509Certificate2Collection();
        anchors.ImportFromPemFile(Path.Combine(home.Home, "anchors", "root.pem"));
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                CertificateChainPolicy = Policy(anchors),
            },
        };
        KeptAdminConnection? kept = null;
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            kept!.connections++;
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        kept = new KeptAdminConnection(new HttpClient(handler) { BaseAddress = new Uri($"https://localhost:{home.AdminPort}/admin/v1/") }, certificate);
        return Task.FromResult(kept);
    }

    public async Task<int> GetAsync(string path)
    {
        using var answer = await http.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(1, connections);
        return (int)answer.StatusCode;
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        certificate.Dispose();
        return ValueTask.CompletedTask;
    }

    private static X509ChainPolicy Policy(X509Certificate2Collection anchors)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(anchors);
        return policy;
    }
}
