using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>Fetches the bundle of a foreign trust domain, from the endpoint that it was configured with and from no other.</summary>
public sealed class BundleClient(FederatedDomain domain, ForeignBundles known, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        // SPIFFE Federation §5.2: where it redirects to was not configured.
        AllowAutoRedirect = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectTimeout = Timeout,
        SslOptions = Trust(domain, known, time),
    })
    { Timeout = Timeout, MaxResponseContentBufferSize = BundleDocument.Longest };

    /// <summary>The bundle, or what stands in the way.</summary>
    public async ValueTask<(BundleDocument? Bundle, byte[] Octets, string? Problem)> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(domain.Url, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return (null, [], $"answered {(int)response.StatusCode}");
            }

            var octets = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return BundleDocument.TryParse(octets, out var bundle, out var problem) ? (bundle, octets, null) : (null, [], $"what it serves {problem}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, [], (error.InnerException ?? error).Message);
        }
    }

    public void Dispose() => _http.Dispose();

    private static SslClientAuthenticationOptions Trust(FederatedDomain domain, ForeignBundles known, TimeProvider time)
    {
        if (domain.EndpointId is { } id)
        {
            return new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, chain, _) => IsEndpoint(shown, chain, id, known, time) };
        }

        return domain.WebRoots.Count == 0
            ? new SslClientAuthenticationOptions()
            : new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(domain.WebRoots, time) };
    }

    // §5.2.2: an X.509-SVID with the configured ID, which chains to the newest bundle of that ID's trust domain; the host's name is not looked at.
    private static bool IsEndpoint(System.Security.Cryptography.X509Certificates.X509Certificate? shown, X509Chain? sent, SpiffeId id, ForeignBundles known, TimeProvider time)
    {
        if (shown is not X509Certificate2 leaf || known.Find(id.TrustDomain) is not { } bundle || !Certificate.TryParse(leaf.RawData, out var parsed, out _)
            || parsed.SubjectAlternativeNames.OfType<GeneralName.Uri>().Select(u => u.Value).ToList() is not [var only] || only != id.ToString())
        {
            return false;
        }

        var roots = new X509Certificate2Collection();
        foreach (var root in bundle.Roots)
        {
            roots.Add(X509CertificateLoader.LoadCertificate(root.Der.Span));
        }

        using var chain = new X509Chain { ChainPolicy = PolicyOf(roots, time) };
        foreach (var element in sent?.ChainElements.Skip(1) ?? [])
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
        return chain.Build(leaf);
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection roots, TimeProvider time)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = time.GetUtcNow().UtcDateTime,
        };
        policy.CustomTrustStore.AddRange(roots);
        policy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(X509.Oids.ServerAuth));
        return policy;
    }
}
