using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.Client.Verification;

/// <summary>Takes complete CRLs at their word only when they are signed, current and understood (RFC 5280 §5.2, §6.3.3).</summary>
public static class CertificateListCheck
{
    /// <returns>The list; or why it is not used, as a predicate ("is not signed by…").</returns>
    public static (CertificateList? List, string? Problem) Read(ReadOnlyMemory<byte> der, Certificate issuer, CryptoProviders providers, DateTimeOffset now)
    {
        if (!CertificateList.TryParse(der, out var list, out var error))
        {
            return (null, $"is no CRL ({error})");
        }

        var problem = !list.Issuer.Equals(issuer.Subject) || issuer.KeyUsages is { } usages && (usages & KeyUsages.CrlSign) == 0 || !list.VerifySignature(issuer.PublicKey, providers) ? $"is not signed by '{issuer.Subject}'"
            : list.ThisUpdate > now + TimeSpan.FromMinutes(1) ? "is from the future"
            : list.NextUpdate is not { } next || next <= now ? "has lapsed"
            : !list.Fields.BaseNumber.IsEmpty ? "is a delta CRL"
            : list.Fields.HasUnknownCriticalEntryExtension ? "has entries with a critical extension that is not known here"
            : list.Fields.Extensions.FirstOrDefault(e => e.Critical && e.Oid != Oids.IssuingDistributionPoint) is { } unknown ? $"has the critical extension {unknown.Oid}, which is not known here"
            : null;
        return problem is null ? (list, null) : (null, problem);
    }
}
