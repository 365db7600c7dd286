using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Hosting;

namespace AgentPki.Server.Doctor;

/// <summary>The ports: free while nothing runs, ours while the appliance runs.</summary>
internal static class NetworkChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var listen = context.Options.Listen;
        if (!context.Running)
        {
            return [Free("https port", listen.Bind, listen.HttpsPort, ConfigurationReader.HttpsPortVariable), Free("http port", listen.Bind, listen.HttpPort, ConfigurationReader.HttpPortVariable)];
        }

        return [await PatientlyAsync(HandshakeAsync, context, cancellationToken), await PatientlyAsync(ReadyAsync, context, cancellationToken)];
    }

    private static async Task<Finding> PatientlyAsync(Func<DoctorContext, CancellationToken, Task<Finding>> check, DoctorContext context, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        return await check(context, deadline.Token);
    }

    private static string Describe(Exception error) => error is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} seconds" : error.Message;

    private static Finding Free(string check, IPAddress address, int port, string variable)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
        return Ports.Probe(address, port) switch
        {
            null => Finding.Ok(check, $"{where} is free"),
            SocketError.AddressAlreadyInUse => Finding.Fail(check, $"{where} is in use by another program", $"Stop it, or choose another port with {variable}=PORT."),
            var error => Finding.Fail(check, $"{where} cannot be listened on ({error})", $"Choose another address or port ({ConfigurationReader.BindVariable}, {variable})."),
        };
    }

    /// <summary>A real handshake against the anchors, as a stock client does it.</summary>
    private static async Task<Finding> HandshakeAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        const string Check = "https port";
        if (Pem.TryReadCertificates(context.Home.RootCertificate) is not { } anchors)
        {
            return Finding.Warn(Check, "not tried: anchors/root.pem is missing", "See 'anchors'.");
        }

        var listen = context.Options.Listen;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        foreach (var anchor in anchors)
        {
            policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(anchor.Der.Span));
        }

        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Reachable(listen.Bind), listen.HttpsPort, cancellationToken);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy }, cancellationToken);
            return Finding.Ok(Check, $"{listen.Bind}:{listen.HttpsPort} answers with {tls.SslProtocol}, {tls.NegotiatedCipherSuite}");
        }
        catch (Exception error) when (error is SocketException or AuthenticationException or IOException or OperationCanceledException)
        {
            return Finding.Fail(Check, $"{listen.Bind}:{listen.HttpsPort}: {Describe(error)}", "Restart the appliance; its log says more.");
        }
    }

    private static async Task<Finding> ReadyAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        const string Check = "http port";
        var listen = context.Options.Listen;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        try
        {
            using var answer = await http.GetAsync(new UriBuilder("http", Reachable(listen.Bind).ToString(), listen.HttpPort, "/readyz").Uri, cancellationToken);
            var text = (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim().ReplaceLineEndings(" ");
            return answer.IsSuccessStatusCode
                ? Finding.Ok(Check, $"{listen.Bind}:{listen.HttpPort} answers: {text}")
                : Finding.Fail(Check, $"the appliance runs but is not ready: {text}", "Mend what it names; it recovers without a restart.");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return Finding.Fail(Check, $"{listen.Bind}:{listen.HttpPort}: {Describe(error)}", "Restart the appliance; its log says more.");
        }
    }

    private static IPAddress Reachable(IPAddress bind) =>
        bind.Equals(IPAddress.Any) ? IPAddress.Loopback : bind.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bind;
}
