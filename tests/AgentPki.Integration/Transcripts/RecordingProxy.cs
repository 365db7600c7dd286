using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Transcripts;

/// <summary>
/// Stands between a foreign client and an appliance, ends TLS on both sides and keeps the octets of every exchange. Its
/// certificate comes from an authority of its own (<see cref="AnchorsFile"/>); the client's certificate stops here, so that
/// the proxy presents <see cref="Identity"/> to the appliance in its place.
/// </summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<Exchange> exchanges = [];
    private readonly Appliance appliance;
    private readonly X509Certificate2 certificate;
    private readonly Task running;

    public RecordingProxy(Appliance appliance, TempFolder folder)
    {
        this.appliance = appliance;
        (certificate, var anchor) = NewCertificate();
        AnchorsFile = folder.File("proxy-ca.pem");
        File.WriteAllText(AnchorsFile, anchor.ExportCertificatePem());
        listener.Start();
        running = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public string AnchorsFile { get; }

    /// <summary>What the proxy presents to the appliance.</summary>
    public X509Certificate2? Identity { get; set; }

    /// <summary>The exchanges so far, without the credential; forgets them.</summary>
    public IReadOnlyList<Exchange> Take()
    {
        lock (exchanges)
        {
            List<Exchange> taken = [.. exchanges];
            exchanges.Clear();
            return taken;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        certificate.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            var client = await listener.AcceptTcpClientAsync(stop.Token);
            _ = ServeAsync(client); // a client that goes away in the middle ends its own exchange only
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = certificate,
                    ClientCertificateRequired = Identity is not null,
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                },
                stop.Token);
            await using var upstream = await appliance.Https().ConnectAsync(Identity, cancellationToken: stop.Token);
            var (fromClient, fromAppliance) = (new HttpReader(tls), new HttpReader(upstream));
            while (await fromClient.ReadHeadAsync(stop.Token) is { } head)
            {
                var request = await ReadRequestAsync(tls, fromClient, head);
                await upstream.WriteAsync(request, stop.Token);
                var answerHead = await fromAppliance.ReadHeadAsync(stop.Token) ?? throw new IOException("the appliance closed without an answer");
                byte[] response = [.. answerHead, .. (await fromAppliance.ReadBodyAsync(answerHead, untilClose: true, stop.Token)).Wire];
                lock (exchanges)
                {
                    exchanges.Add(new Exchange(Anonymous(request), response));
                }

                await tls.WriteAsync(response, stop.Token);
            }
        }
    }

    private async Task<byte[]> ReadRequestAsync(SslStream tls, HttpReader reader, byte[] head)
    {
        if (Encoding.Latin1.GetString(head).Contains("100-continue", StringComparison.OrdinalIgnoreCase))
        {
            await tls.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), stop.Token);
        }

        return [.. head, .. (await reader.ReadBodyAsync(head, untilClose: false, stop.Token)).Wire];
    }

    private byte[] Anonymous(byte[] request) => Encoding.Latin1.GetBytes(
        Encoding.Latin1.GetString(request).Replace(Requests.Basic(appliance.Credential), Transcript.CredentialPlaceholder, StringComparison.OrdinalIgnoreCase));

    private static (X509Certificate2 Certificate, X509Certificate2 Anchor) NewCertificate()
    {
        var now = DateTimeOffset.UtcNow;
        var anchor = new CertificateRequest("CN=Recording proxy CA", Csr.NewP256(), HashAlgorithmName.SHA256)
        {
            CertificateExtensions = { new X509BasicConstraintsExtension(true, false, 0, true), new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true) },
        }.CreateSelfSigned(now.AddHours(-1), now.AddHours(2));
        var key = Csr.NewP256();
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
        {
            CertificateExtensions = { names.Build(), new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false) },
        };
        return (request.Create(anchor, now.AddHours(-1), now.AddHours(1), [1, 2, 3, 4]).CopyWithPrivateKey(key), anchor);
    }
}
