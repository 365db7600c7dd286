using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using AgentPki.Server.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentPki.Server.Guard.Proxy;

/// <summary>The TLS of the door: its certificate, read again when its files change, and the gate's word on the client's within the handshake.</summary>
internal sealed class DoorTls
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly DoorIdentity _identity;
    private readonly Func<X509Certificate, X509Chain?, PeerRefusal?> _judge;
    private readonly Action<PeerRefusal> _refused;
    private readonly ILogger _logger;
    private volatile SslServerAuthenticationOptions _options;
    private (DateTime Certificate, DateTime Key) _read;

    static DoorTls() => SessionTickets.TrySwitchOff();

    /// <exception cref="CryptographicException">The files do not hold a certificate with its key.</exception>
    public DoorTls(DoorIdentity identity, ConnectionPeers peers, Action<PeerRefusal> refused, ILogger logger)
    {
        (_identity, _judge, _refused, _logger) = (identity, peers.Judge, refused, logger);
        _read = Written();
        _options = Load().Options;
    }

    public TlsHandshakeCallbackOptions HandshakeOptions() => new() { HandshakeTimeout = TimeSpan.FromSeconds(10), OnConnection = _ => ValueTask.FromResult(_options) };

    /// <summary>Looks at the files until cancelled.</summary>
    public async Task WatchAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                var written = Written();
                if (written != _read)
                {
                    (_options, var notAfter) = Load();
                    _read = written;
                    Log.CertificateReplaced(_logger, notAfter);
                }
            }
#pragma warning disable CA1031 // Whatever the files are now, the next look must come.
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                // Two files are not replaced in one moment: the next look sees both.
                Log.CertificateFailed(_logger, error.Message.TrimEnd('.'));
            }
        }
    }

    private (DateTime Certificate, DateTime Key) Written() => (File.GetLastWriteTimeUtc(_identity.CertificateFile), File.GetLastWriteTimeUtc(_identity.KeyFile));

    private (SslServerAuthenticationOptions Options, DateTime NotAfter) Load()
    {
        var certificate = X509Certificate2.CreateFromPemFile(_identity.CertificateFile, _identity.KeyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_identity.CertificateFile);
        return (new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [.. chain.Skip(1).Where(c => c.Subject != c.Issuer)], offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            AllowRenegotiation = false,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = Accepts,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = PeerTls.NoLookups(),
        }, certificate.NotAfter);
    }

    private bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var refusal = certificate is null ? new PeerRefusal(RefusalKind.NoCertificate, "The client showed no certificate.") : _judge(certificate, chain);
        if (refusal is not null)
        {
            _refused(refusal);
        }

        return refusal is null;
    }
}
