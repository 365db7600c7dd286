using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using AgentPki.Integration.Harness;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.X509.Certificates;
using Google.Protobuf;

namespace AgentPki.Integration.Spiffe;

/// <summary>What a workload has of itself: certificate, key, and the bundles that it believes others by. The platform's TLS and path building judge.</summary>
internal sealed record Svid(string Id, X509Certificate2 Leaf, X509Certificate2Collection Intermediates, IReadOnlyDictionary<string, X509Certificate2Collection> Bundles)
{
    /// <summary>As the Workload API gives it now.</summary>
    public static async Task<Svid> FetchAsync(WorkloadClient client)
    {
        using var call = client.Api.FetchX509SVID(new X509SVIDRequest(), WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        return Of(call.ResponseStream.Current);
    }

    public static Svid Of(X509SVIDResponse response)
    {
        var said = Assert.Single(response.Svids);
        var chain = Split(said.X509Svid);
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(said.X509SvidKey.Span, out _);
        var bundles = response.FederatedBundles.ToDictionary(b => b.Key, b => Split(b.Value));
        bundles[$"spiffe://{new Uri(said.SpiffeId).Host}"] = Split(said.Bundle);
        return new Svid(said.SpiffeId, chain[0].CopyWithPrivateKey(key), [.. chain.Skip(1)], bundles);
    }

    /// <summary>The bundles of <c>FetchX509Bundles</c>, by trust domain.</summary>
    public static async Task<IReadOnlyDictionary<string, X509Certificate2Collection>> BundlesAsync(WorkloadClient client)
    {
        using var call = client.Api.FetchX509Bundles(new X509BundlesRequest(), WorkloadClient.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        return call.ResponseStream.Current.Bundles.ToDictionary(b => b.Key, b => Split(b.Value));
    }

    /// <summary>Mutual TLS 1.3 between this as the server and a client, each believing the other by the bundle of the other's trust domain alone. The IDs that server and client saw; null: one of them refused.</summary>
    public async Task<(string Client, string Server)?> MeetAsync(Svid client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialled = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask();
        await dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await accepting;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        var (seenByServer, seenByClient) = ("", "");
        await using var inner = new SslStream(accepted.GetStream());
        await using var outer = new SslStream(dialled.GetStream());
        try
        {
            var serving = inner.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = Shown(),
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls13,
                CertificateChainPolicy = PeerTls.NoLookups(),
                RemoteCertificateValidationCallback = (_, shown, sent, _) => Believes(shown, sent, "1.3.6.1.5.5.7.3.2", out seenByServer),
            }, limit.Token);
            var dialling = outer.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "workload.test", // what counts is the SPIFFE ID
                ClientCertificateContext = client.Shown(),
                EnabledSslProtocols = SslProtocols.Tls13,
                CertificateChainPolicy = PeerTls.NoLookups(),
                RemoteCertificateValidationCallback = (_, shown, sent, _) => client.Believes(shown, sent, "1.3.6.1.5.5.7.3.1", out seenByClient),
            }, limit.Token);
            await Task.WhenAll(serving, dialling);
            await inner.WriteAsync("x"u8.ToArray(), limit.Token);
            return await outer.ReadAsync(new byte[1], limit.Token) == 1 ? (seenByServer, seenByClient) : null;
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            return null;
        }
    }

    private SslStreamCertificateContext Shown() => SslStreamCertificateContext.Create(Leaf, Intermediates, offline: true);

    private bool Believes(System.Security.Cryptography.X509Certificates.X509Certificate? shown, X509Chain? sent, string purpose, out string id)
    {
        id = shown is not null && Certificate.TryParse(shown.GetRawCertData(), out var parsed, out _) ? parsed.SpiffeId?.ToString() ?? "" : "";
        if (shown is not X509Certificate2 leaf || id.Length == 0 || !Bundles.TryGetValue($"spiffe://{new Uri(id).Host}", out var roots))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(leaf);
    }

    private static X509Certificate2Collection Split(ByteString concatenated)
    {
        var all = new X509Certificate2Collection();
        for (var rest = concatenated.Memory; !rest.IsEmpty;)
        {
            AsnDecoder.ReadSequence(rest.Span, AsnEncodingRules.DER, out _, out _, out var length);
            all.Add(X509CertificateLoader.LoadCertificate(rest.Span[..length]));
            rest = rest[length..];
        }

        return all;
    }
}
