using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether requests and CRLs that lie in the evidence are signed by whom they name, and are what their records say.</summary>
/// <param name="certificates">Those of the records: only a CA whose certificate is here can have signed a CRL that is here.</param>
internal sealed class ObjectCheck(IReadOnlyList<Certificate> certificates, CryptoProviders providers, Action<string> problem)
{
    // A list of ten million entries.
    private const int LongestList = 512 << 20;

    public void Run(TranscriptRecord record, string relative, string path)
    {
        switch (record["what"])
        {
            case "certification request":
                CheckRequest(record, relative, path);
                break;
            case "certificate revocation list":
                CheckList(record, relative, path);
                break;
            default:
                break;
        }
    }

    private void CheckRequest(TranscriptRecord record, string relative, string path)
    {
        if (Read(path, X509.Limits.RequestOctets) is not { } der || !Pkcs10Request.TryParse(der, out var request, out _))
        {
            problem($"{relative} is no certification request");
            return;
        }

        if (record["public-key-sha256"] != Convert.ToHexStringLower(request.PublicKey.Fingerprint()) || record["subject"] != request.Subject.ToString())
        {
            problem($"record {record.Number} does not describe {relative}");
        }

        // Both signatures, where there are two (X.509 (2019) §9.8).
        if (!request.VerifySignature(providers) || (request.AlternativePublicKey is not null && !request.VerifyAlternativeSignature(providers)))
        {
            problem($"record {record.Number}: {relative} is not signed by its own key");
        }
    }

    private void CheckList(TranscriptRecord record, string relative, string path)
    {
        if (Read(path, LongestList) is not { } der || !CertificateList.TryParse(der, out var list, out _))
        {
            problem($"{relative} is no CRL");
            return;
        }

        if (record["crl-number"] != list.Number?.ToString(CultureInfo.InvariantCulture)
            || record["entries"] != list.Count.ToString(CultureInfo.InvariantCulture)
            || record["this-update"] is var start && start is not null && start != Instants.ToText(list.ThisUpdate)
            || record["next-update"] is var end && end is not null && (list.NextUpdate is not { } next || end != Instants.ToText(next)))
        {
            problem($"record {record.Number} does not describe {relative}");
        }

        var issuers = certificates.Where(c => c.Subject.Equals(list.Issuer)).ToList();
        if (issuers.Count == 0)
        {
            problem($"record {record.Number}: the certificate of the issuer of {relative} is not here");
        }
        else if (!issuers.Any(i => IsSigned(list, i)))
        {
            problem($"record {record.Number}: {relative} is not signed by its issuer");
        }
    }

    private bool IsSigned(CertificateList list, Certificate issuer) =>
        list.VerifySignature(issuer.PublicKey, providers)
        && (list.Fields.AlternativeSignature is null || (issuer.AlternativePublicKey is { } second && list.VerifyAlternativeSignature(second, providers)));

    private static byte[]? Read(string path, int longest) => new FileInfo(path).Length <= longest ? File.ReadAllBytes(path) : null;
}
