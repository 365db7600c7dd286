using AgentPki.Authority.Issuance;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;

namespace AgentPki.Authority.Migration;

/// <summary>The roll-over certificates of a root that goes over to another key, through Prepare, lint, token and signature like every other (invariant 1).</summary>
internal static class RollOver
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>
    /// RFC 9810 §4.4.1: one key of a root under the signature of the other. NewWithOld lasts from the new key's beginning to the old one's end, OldWithNew
    /// for as long as the old key; neither longer than its signer.
    /// </summary>
    /// <exception cref="SignatureRejectedException">It would not be in order, or its signature does not verify.</exception>
    public static async ValueTask<Certificate> CertifyAsync(Issuer signer, Certificate other, AuthorityOptions options, CancellationToken cancellationToken)
    {
        var notAfter = other.NotAfter < signer.Certificate.NotAfter ? other.NotAfter : signer.Certificate.NotAfter;
        var draft = new CertificateDraft(
            SerialNumber.Create(options.Epoch),
            signer.Signature,
            other.Subject,
            other.PublicKey,
            other.NotBefore,
            notAfter,
            [
                // RFC 5280 §4.2.1.1: tells the two keys of one name apart.
                X509Extension.AuthorityKeyIdentifier(signer.Certificate.SubjectKeyIdentifier),
                X509Extension.BasicConstraints(true),
                X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
                X509Extension.SubjectKeyIdentifier(other.SubjectKeyIdentifier.ToArray()),
                X509Extension.CrlDistributionPoints(options.CertificateListUrl(signer.Name)),
                // X.509 (2019) §9.8.2: the second key goes over with the first.
                .. other.AlternativePublicKey is { } second ? [X509Extension.SubjectAltPublicKeyInfo(second)] : Array.Empty<X509Extension>(),
            ],
            CertificatePosition.RollOver,
            notAfter - other.NotBefore + Second);
        var (certificate, findings) = await signer.SignAsync(draft, cancellationToken);
        return certificate ?? throw new SignatureRejectedException(
            $"The certificate of '{draft.Subject}' by CA '{signer.Name}' would not be in order: {string.Join("; ", findings.Where(f => f.Severity == LintSeverity.Error))}. Nothing was signed.");
    }
}
