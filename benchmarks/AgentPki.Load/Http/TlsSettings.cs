using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Http;

/// <summary>
/// How the generator does TLS: the server's chain is built to the given root the first time a certificate is seen, and recognised by
/// its fingerprint afterwards, so that a run with a new connection each time measures the server and not the generator's chain building.
/// </summary>
internal sealed class TlsSettings
{
    private readonly X509Certificate2Collection _roots;
    private readonly ConcurrentDictionary<string, bool> _verified = new();
    private readonly SslStreamCertificateContext? _client;
    private readonly bool _resume;
    private readonly SslProtocols _protocols;

    internal TlsSettings(X509Certificate2Collection roots, X509Certificate2? client, bool resume, SslProtocols protocols)
    {
        (_roots, _resume, _protocols) = (roots, resume, protocols);
        // RFC 8446 §4.4.2: the leaf alone; the server has the issuing CA.
        _client = client is null ? null : SslStreamCertificateContext.Create(client, null, offline: true);
    }

    internal X509Certificate2Collection Roots => _roots;

    internal TlsSettings WithClient(X509Certificate2 client) => new(_roots, client, _resume, _protocols);

    internal SslClientAuthenticationOptions OptionsFor(string host) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = _protocols,
        AllowTlsResume = _resume,
        ClientCertificateContext = _client,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => certificate is X509Certificate2 seen
            && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0
            && _verified.GetOrAdd(seen.GetCertHashString(HashAlgorithmName.SHA256), _ => ChainsToRoot(seen, chain)),
        CertificateChainPolicy = Policy(),
    };

    private bool ChainsToRoot(X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain { ChainPolicy = Policy() };
        foreach (X509Certificate2 extra in sent?.ChainPolicy.ExtraStore ?? [])
            chain.ChainPolicy.ExtraStore.Add(extra);
        return chain.Build(certificate);
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_roots);
        return policy;
    }
}
