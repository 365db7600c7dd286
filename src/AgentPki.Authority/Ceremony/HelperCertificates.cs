using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony;

/// <summary>The certificates of those who sign on behalf of a CA (OCSP responder, CMS signer, revocation feed): which of them is used, and when there should be a newer one.</summary>
internal static class HelperCertificates
{
    /// <summary>When two thirds of its life have passed.</summary>
    public static DateTimeOffset RenewAt(Certificate certificate) => certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * 2 / 3);

    /// <summary>Begun, and no newer one wanted. What was issued while the clock was ahead has not begun.</summary>
    public static bool IsFresh(Certificate certificate, DateTimeOffset now) => certificate.NotBefore <= now && now < RenewAt(certificate);

    /// <summary>Whether that key is not to be used again: somebody revoked a certificate over it, or the key itself.</summary>
    /// <param name="known">Every certificate over it.</param>
    public static async ValueTask<bool> IsSpentAsync(ICertificateStore certificates, ISigningKey key, IReadOnlyList<StoredCertificate> known, CancellationToken cancellationToken) =>
        known.Any(c => c.Status is CertificateStatus.Revoked) || await certificates.FindKeyAsync(key.PublicKey.Fingerprint(), cancellationToken) is { Blocked: not null };

    /// <summary>The newest of that CA and profile that is fresh; null: one is to be issued.</summary>
    public static Certificate? FindFresh(IReadOnlyList<StoredCertificate> known, Issuer issuer, CertificateProfile profile, DateTimeOffset now) =>
        known.Where(c => c.Status is CertificateStatus.Good && c.Certificate.Authority == issuer.Name && c.Certificate.Profile == profile.Name)
            .Select(c => Certificate.Parse(c.Certificate.Der)).FirstOrDefault(c => IsFresh(c, now));
}
