using System.Collections.Concurrent;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.Client.Peers.Sources;

/// <summary>Looks into the complete CRL that the certificate names (RFC 5280 §6.3.3), fetched again when it is older than the staleness that is tolerated.</summary>
internal sealed class CrlSource(SourceHttp http, PeerGateOptions options, CryptoProviders providers, TimeProvider clock) : IRevocationSource, IDisposable
{
    private const int MostLists = 32;
    private readonly ConcurrentDictionary<Uri, Kept> _lists = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    public async ValueTask<SourceAnswer> AskAsync(Certificate certificate, Certificate issuer, CancellationToken cancellationToken)
    {
        // A point for some reasons only, or signed by somebody else, is not used (§4.2.1.13).
        var points = certificate.Fields.CrlDistributionPoints.Where(p => p is { Reasons: null, HasCrlIssuer: false });
        var problem = "the certificate names no CRL";
        foreach (var url in points.SelectMany(p => SourceHttp.Urls(p.FullName)))
        {
            var (list, failure) = await GetAsync(url, issuer, cancellationToken);
            if (list is null || !Covers(list.Point, url, certificate))
            {
                problem = list is null ? failure : $"{url} is not about this certificate";
                continue;
            }

            return list.Find(certificate.SerialNumber) switch
            {
                null => new SourceAnswer.Good(RevocationSource.Crl),
                CrlReason.CertificateHold => new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Held, "The certificate is held; it may be released.")),
                _ => new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Revoked, "The certificate is revoked.")),
            };
        }

        return new SourceAnswer.CannotTell(problem);
    }

    public void Dispose() => _one.Dispose();

    private async ValueTask<(Kept? List, string Problem)> GetAsync(Uri url, Certificate issuer, CancellationToken cancellationToken)
    {
        if (FindFresh(url, issuer) is { } kept)
        {
            return (kept, "");
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            if (FindFresh(url, issuer) is { } meanwhile)
            {
                return (meanwhile, "");
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            var (body, problem) = await http.AskAsync(request, issuer, options.MaximumCrlOctets, cancellationToken);
            if (body is null)
            {
                return (null, problem);
            }

            var (list, error) = CertificateListCheck.Read(body, issuer, providers, clock.GetUtcNow());
            if (list is null)
            {
                http.Leave(url, issuer); // it may be long, and would be fetched for each question
                return (null, $"{url} {error}");
            }

            if (_lists.Count >= MostLists)
            {
                _lists.Clear();
            }

            return (_lists[url] = new Kept(list, issuer, clock.GetTimestamp()), "");
        }
        finally
        {
            _one.Release();
        }
    }

    // By the time that has passed: a clock set back makes no list younger.
    private Kept? FindFresh(Uri url, Certificate issuer) =>
        _lists.TryGetValue(url, out var kept) && kept.Issuer.Equals(issuer) && clock.GetElapsedTime(kept.Fetched) < options.MaximumStaleness && kept.NextUpdate > clock.GetUtcNow() ? kept : null;

    // §6.3.3 (b)(2): the point that the certificate names, and its kind of certificate.
    private static bool Covers(IssuingDistributionPoint? point, Uri url, Certificate certificate) =>
        point is null || (!point.Indirect && point.OnlySomeReasons is null && !point.OnlyAttributeCertificates
            && !(certificate.IsCertificateAuthority ? point.OnlyUserCertificates : point.OnlyAuthorityCertificates)
            && (point.FullName.Count == 0 || point.FullName.Any(n => n is GeneralName.Uri uri && uri.Value == url.OriginalString)));

    /// <summary>A verified list as a table.</summary>
    private sealed class Kept
    {
        private readonly Dictionary<string, CrlReason> _revoked = new(StringComparer.Ordinal);

        /// <param name="fetched">A timestamp.</param>
        public Kept(CertificateList list, Certificate issuer, long fetched)
        {
            (Issuer, Fetched, NextUpdate, Point) = (issuer, fetched, list.NextUpdate ?? list.ThisUpdate, list.Fields.IssuingDistributionPoint);
            foreach (var entry in list.Entries.Where(e => e.Reason != CrlReason.RemoveFromCrl))
            {
                _revoked[Convert.ToHexString(entry.SerialNumber.Span)] = entry.Reason ?? CrlReason.Unspecified;
            }
        }

        public Certificate Issuer { get; }

        public long Fetched { get; }

        public DateTimeOffset NextUpdate { get; }

        public IssuingDistributionPoint? Point { get; }

        public CrlReason? Find(ReadOnlyMemory<byte> serial) => _revoked.TryGetValue(Convert.ToHexString(serial.Span), out var reason) ? reason : null;
    }
}
