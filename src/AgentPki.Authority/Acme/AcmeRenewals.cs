using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Acme;

/// <summary>RFC 9773 §4.2: when a certificate is best renewed.</summary>
/// <param name="Start">From then on; in the past: now.</param>
/// <param name="RetryAfter">When to ask again.</param>
/// <param name="Reason">Why now, for people; null: it is simply its time.</param>
/// <param name="ExplanationUrl">Where people read why; null: nowhere.</param>
public sealed record RenewalInfo(DateTimeOffset Start, DateTimeOffset End, TimeSpan RetryAfter, string? Reason, string? ExplanationUrl = null);

/// <summary>
/// Renewal information (RFC 9773): windows spread over a tenth of each certificate's life by its serial number, so that what was issued together is not
/// renewed together, and pulled forward when the certificate is revoked, an operator's incident concerns it, its CA has gone over to a successor, or a campaign
/// wants its agent moved.
/// </summary>
public sealed class AcmeRenewals
{
    private const double EarliestShare = 0.60;
    private const double SpreadShare = 0.10;
    private readonly IAcmeStore _store;
    private readonly ICertificateStore _certificates;
    private readonly IssuerDirectory _issuers;
    private readonly CampaignDirectory _campaigns;
    private readonly AcmeIncidents _incidents;
    private readonly ProfileCatalog _profiles;
    private readonly AcmeOptions _options;
    private readonly TimeProvider _time;

    internal AcmeRenewals(IAcmeStore store, ICertificateStore certificates, IssuerDirectory issuers, CampaignDirectory campaigns, AcmeIncidents incidents, ProfileCatalog profiles, AcmeOptions options, TimeProvider time) =>
        (_store, _certificates, _issuers, _campaigns, _incidents, _profiles, _options, _time) = (store, certificates, issuers, campaigns, incidents, profiles, options, time);

    /// <summary>The identifier of a certificate (RFC 9773 §4.1): key identifier of its issuer, a dot, its serial number, base64url.</summary>
    public static string IdOf(Certificate certificate) =>
        $"{Base64Url.EncodeToString(certificate.AuthorityKeyIdentifier.Span)}.{Base64Url.EncodeToString(certificate.SerialNumber.Span)}";

    /// <summary>The window of a certificate that was issued here; null: it was not, or the identifier is none.</summary>
    public async ValueTask<RenewalInfo?> FindAsync(string certificateId, CancellationToken cancellationToken)
    {
        if (await FindCertificateAsync(certificateId, cancellationToken) is not { } stored)
        {
            return null;
        }

        var (record, now) = (stored.Certificate, _time.GetUtcNow());
        var life = record.NotAfter - record.NotBefore;
        var retry = life / 12 < _options.RenewalInfoInterval ? life / 12 : _options.RenewalInfoInterval;
        if (stored.Status is CertificateStatus.Revoked)
        {
            return new RenewalInfo(now - TimeSpan.FromHours(1), now - TimeSpan.FromMinutes(1), retry, "the certificate is revoked");
        }

        var start = record.NotBefore + (life * (EarliestShare + (SpreadShare * Fraction(record.Serial))));
        if (start > now && _incidents.FindFor(record, now) is { } incident)
        {
            // Over the time until every client has asked again, from where it began: a client that asks later than that is told "now".
            return new RenewalInfo(incident.Begun, incident.Begun + retry, retry, incident.Reason, incident.ExplanationUrl);
        }

        // A fleet that moves spreads itself over the time until its clients ask again. Half of the window is past: a client that looks once a day, and never
        // finds its moment come in a window that goes on before it, would not move at all.
        return start > now && await WhyNowAsync(record, cancellationToken) is { } reason
            ? new RenewalInfo(now - retry, now + retry, retry, reason)
            : new RenewalInfo(start, start + (life * SpreadShare), retry, null);
    }

    /// <summary>Why an order cannot replace that certificate (RFC 9773 §5); null when it can.</summary>
    internal async ValueTask<AcmeProblem?> CheckReplacesAsync(AcmeAccount account, string certificateId, IReadOnlyList<AcmeIdentifier> identifiers, CancellationToken cancellationToken)
    {
        if (await FindCertificateAsync(certificateId, cancellationToken) is not { Certificate: var record })
        {
            return new AcmeProblem(AcmeErrorType.Malformed, "\"replaces\" names no certificate of this CA (RFC 9773 §4.1).");
        }

        if (await _store.FindOrderOfAsync(record.Authority, record.Serial, cancellationToken) is not { } order || order.AccountId != account.Id)
        {
            return new AcmeProblem(AcmeErrorType.Unauthorized, "\"replaces\" names a certificate that this account did not order (RFC 9773 §5).");
        }

        return order.Identifiers.Any(identifiers.Contains) ? null : new AcmeProblem(AcmeErrorType.Malformed, "\"replaces\" names a certificate that has none of the ordered names (RFC 9773 §5).");
    }

    private async ValueTask<StoredCertificate?> FindCertificateAsync(string id, CancellationToken cancellationToken)
    {
        var dot = id.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1 || id.Length > 128 || Octets(id[..dot]) is not { } keyIdentifier || Octets(id[(dot + 1)..]) is not { Length: > 0 and <= 21 } serial)
        {
            return null;
        }

        return _issuers.All.FirstOrDefault(i => i.Certificate.SubjectKeyIdentifier.Span.SequenceEqual(keyIdentifier)) is { } issuer
            ? await _certificates.FindAsync(issuer.Name, serial, cancellationToken)
            : null;
    }

    private async ValueTask<string?> WhyNowAsync(CertificateRecord record, CancellationToken cancellationToken)
    {
        if (_profiles.Find(record.Profile) is not { } profile)
        {
            return null;
        }

        if (_issuers.IssuerFor(profile) is { } issuer && issuer.Name != record.Authority)
        {
            return $"CA '{record.Authority}' has gone over to '{issuer.Name}'";
        }

        if (record.AgentId is not { } agent || _campaigns.InForce.IsEmpty)
        {
            return null;
        }

        var seat = (await _campaigns.SeatsOfAsync(agent, cancellationToken)).Resolve(profile);
        return seat.Profile.Name != profile.Name || (record.KeyAlgorithm is { } algorithm && !seat.Profile.KeyAlgorithms.Contains(algorithm)) ? "a campaign moves its agent to other keys" : null;
    }

    private static double Fraction(byte[] serial) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(serial)) / (double)uint.MaxValue;

    private static byte[]? Octets(string text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
