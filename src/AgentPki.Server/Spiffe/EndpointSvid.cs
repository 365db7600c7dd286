using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Server.Spiffe;

/// <summary>The X.509-SVID of the bundle endpoint (SPIFFE Federation §5.2.2), issued and renewed as a workload's; no process matches its entry.</summary>
internal sealed class EndpointSvid(WorkloadAuthority workloads, string trustDomain, TimeProvider time, ILogger<EndpointSvid> logger) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly WorkloadEntry _entry = new() { Name = "bundle-endpoint", Id = IdOf(trustDomain), Selectors = [], Profile = "workload", Owner = "appliance" };
    private volatile SslStreamCertificateContext? _shown;
    private string _serial = "";
    private string? _complained;

    /// <summary>The ID that others configure.</summary>
    internal static string IdOf(string trustDomain) => $"spiffe://{trustDomain}/agentpki/bundle-endpoint";

    /// <summary>What the TLS server shows now.</summary>
    /// <exception cref="AuthenticationException">It has no SVID yet.</exception>
    internal SslServerAuthenticationOptions Options => new() { ServerCertificateContext = _shown ?? throw new AuthenticationException("The bundle endpoint has no X.509-SVID yet.") };

    /// <summary>Keeps it good until it is cancelled.</summary>
    internal async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException or CryptographicException)
            {
                Complain(failure.Message);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Interval, time, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _shown?.TargetCertificate.Dispose();

    private async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        switch (await workloads.Svids.CurrentAsync(_entry, cancellationToken))
        {
            case Outcome<X509Svid>.Refused(var problem):
                _shown = null; // who has no identity shows none
                Complain(problem.Detail);
                break;
            case Outcome<X509Svid>.Done(var svid) when svid.Certificate.SerialHex != _serial && svid.CopyKey() is { } key:
                try
                {
                    using var leaf = X509CertificateLoader.LoadCertificate(svid.Certificate.Der.Span);
                    using var ecdsa = ECDsa.Create();
                    ecdsa.ImportPkcs8PrivateKey(key, out _);
                    var intermediates = new X509Certificate2Collection();
                    foreach (var intermediate in svid.Intermediates)
                    {
                        intermediates.Add(X509CertificateLoader.LoadCertificate(intermediate.Der.Span));
                    }

                    // A predecessor is left to the collector: a handshake may just be using it.
                    _shown = SslStreamCertificateContext.Create(leaf.CopyWithPrivateKey(ecdsa), intermediates, offline: true);
                    (_serial, _complained) = (svid.Certificate.SerialHex, null);
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(key);
                }

                break;
        }
    }

    private void Complain(string problem)
    {
        if (_complained != problem)
        {
            Log.EndpointWithoutSvid(logger, _entry.Id, problem);
        }

        _complained = problem;
    }
}
