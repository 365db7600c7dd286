using System.Net.Http.Headers;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Ocsp;

namespace AgentPki.Client.Peers.Sources;

/// <summary>
/// Asks the responder that the certificate names (RFC 6960 §4.2.2.2, RFC 9654). The nonce must come back: an answer from before the revocation, replayed by whoever silenced the feed, must not count.
/// </summary>
internal sealed class OcspSource(SourceHttp http, CryptoProviders providers, TimeProvider clock) : IRevocationSource
{
    private const int LongestResponse = 64 * 1024;
    private const int NonceOctets = 32; // RFC 9654 §2.1
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    public async ValueTask<SourceAnswer> AskAsync(Certificate certificate, Certificate issuer, CancellationToken cancellationToken)
    {
        var urls = SourceHttp.Urls(certificate.Fields.AuthorityInformationAccess.Where(a => a.Method == Oids.AccessMethodOcsp).Select(a => a.Location));
        var problem = "the certificate names no OCSP responder";
        foreach (var url in urls)
        {
            var nonce = RandomNumberGenerator.GetBytes(NonceOctets);
            var asked = CertId.Create(issuer, certificate.SerialNumber);
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(OcspRequest.Encode([asked], nonce)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
            var (body, failure) = await http.AskAsync(request, issuer, LongestResponse, cancellationToken);
            if (body is null)
            {
                problem = failure;
                continue;
            }

            var (answer, isUsable) = Read(body, asked, nonce, issuer);
            if (answer is not SourceAnswer.CannotTell(var why))
            {
                return answer;
            }

            if (!isUsable)
            {
                http.Leave(url, issuer);
            }

            problem = $"{url}: {why}";
        }

        return new SourceAnswer.CannotTell(problem);
    }

    // Not usable: whatever certificate of that issuer was asked about, it would be the same.
    private (SourceAnswer Answer, bool IsUsable) Read(byte[] body, CertId asked, byte[] nonce, Certificate issuer)
    {
        if (!OcspResponse.TryParse(body, out var response, out var error))
        {
            return (new SourceAnswer.CannotTell($"the OCSP response cannot be read ({error})"), false);
        }

        if (response.Data is not { } data)
        {
            return (new SourceAnswer.CannotTell($"the OCSP responder says {response.Status}"), response.Status is OcspResponseStatus.Unauthorized or OcspResponseStatus.MalformedRequest);
        }

        if (!IsSigned(response, data, issuer))
        {
            return (new SourceAnswer.CannotTell("the OCSP response is not signed by the issuer or by whom it authorized"), false);
        }

        if (!data.Nonce.Span.SequenceEqual(nonce))
        {
            return (new SourceAnswer.CannotTell("the OCSP response does not repeat the nonce"), false);
        }

        var now = clock.GetUtcNow();
        SourceAnswer answer = data.Responses.FirstOrDefault(r => r.Certificate.Equals(asked) && r.ThisUpdate <= now + ClockTolerance && (r.NextUpdate is not { } next || next > now - ClockTolerance))?.Status switch
        {
            OcspCertificateStatus.Good => new SourceAnswer.Good(RevocationSource.Ocsp),
            OcspCertificateStatus.Revoked { Reason: CrlReason.CertificateHold } => new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Held, "The certificate is held; it may be released.")),
            OcspCertificateStatus.Revoked => new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Revoked, "The certificate is revoked.")),
            OcspCertificateStatus.Unknown => new SourceAnswer.CannotTell("the OCSP responder does not know the certificate"),
            _ => new SourceAnswer.CannotTell("the OCSP response does not speak of the certificate now"),
        };
        return (answer, true);
    }

    // RFC 6960 §4.2.2.2: the issuer itself, or a certificate that the issuer issued directly, for this purpose.
    private bool IsSigned(OcspResponse response, ResponseData data, Certificate issuer)
    {
        if (data.Responder.Matches(issuer.Subject, issuer.PublicKey))
        {
            return response.VerifySignature(issuer.PublicKey, providers);
        }

        return response.Certificates.Any(responder =>
            data.Responder.Matches(responder.Subject, responder.PublicKey) && responder.ExtendedKeyUsages?.Contains(Oids.OcspSigning) == true
            && responder.IsValidAt(clock.GetUtcNow()) && responder.Issuer.Equals(issuer.Subject)
            && responder.VerifySignature(issuer.PublicKey, providers) && response.VerifySignature(responder.PublicKey, providers));
    }
}
