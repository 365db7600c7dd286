using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Server.Tls;
using Xunit;

namespace AgentPki.Server.Tests.Tls;

public sealed class SessionTicketsTests
{
    [Fact]
#pragma warning disable CA2025 // the serving task is awaited before the listener is disposed
    public async Task Handshake_Tls13_SendsNoSessionTicket()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        var identity = new TlsIdentity(SelfSigned(), []);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeOneAsync(listener, identity, cancellationToken);

        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using Process client = Process.Start(new ProcessStartInfo("openssl", ["s_client", "-tls1_3", "-connect", $"127.0.0.1:{port}", "-ign_eof"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> errors = client.StandardError.ReadToEndAsync(cancellationToken);
        string output = await client.StandardOutput.ReadToEndAsync(cancellationToken);
        await serving;
        await errors;

        Assert.Contains("TLSv1.3", output, StringComparison.Ordinal);
        Assert.Contains("hello", output, StringComparison.Ordinal);
        Assert.DoesNotContain("New Session Ticket arrived", output, StringComparison.Ordinal);
    }
#pragma warning restore CA2025

    private static async Task ServeOneAsync(TcpListener listener, TlsIdentity identity, CancellationToken cancellationToken)
    {
        using TcpClient connection = await listener.AcceptTcpClientAsync(cancellationToken);
        await using var tls = new SslStream(connection.GetStream());
        await tls.AuthenticateAsServerAsync(await identity.HandshakeOptions(TimeSpan.FromSeconds(10)).OnConnection(new()), cancellationToken);
        // Tickets would follow the client's Finished, before any data.
        await tls.WriteAsync("hello\n"u8.ToArray(), cancellationToken);
        await tls.ShutdownAsync();
    }

    private static X509Certificate2 SelfSigned()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddMinutes(-1), now.AddHours(1));
    }
}
