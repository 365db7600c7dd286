using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether the files that records name are what they name, and whether certificates are signed by the CAs that they name and carry the keys that were made.</summary>
internal sealed class ArtifactCheck(EvidenceFolder folder, CryptoProviders providers, Action<string> problem)
{
    public void Run(IReadOnlyList<TranscriptRecord> records)
    {
        var certificates = new List<(TranscriptRecord Record, Certificate Certificate)>();
        foreach (var record in records)
        {
            if (record["file"] is not { } relative)
            {
                continue;
            }

            if (folder.Resolve(relative) is not { } path || !File.Exists(path))
            {
                problem($"{relative}, which record {record.Number} names, is missing");
                continue;
            }

            var content = File.ReadAllBytes(path);
            if (TranscriptRecord.DigestOf(content) != record["sha256"])
            {
                problem($"{relative} is not the file that record {record.Number} names: it was changed");
            }
            else if (record.Kind == RecordKinds.Certificate)
            {
                Parse(record, relative, content, certificates);
            }
        }

        foreach (var (record, certificate) in certificates)
        {
            CheckSignature(record, certificate, certificates);
            if (record["made"] == "now" && !records.Any(r => r.Kind == RecordKinds.Key && r["public-key-sha256"] == record["public-key-sha256"]))
            {
                problem($"record {record.Number}: no record says where the key of {certificate.Subject} was made");
            }
        }
    }

    private void Parse(TranscriptRecord record, string relative, byte[] content, List<(TranscriptRecord Record, Certificate Certificate)> certificates)
    {
        try
        {
            var certificate = Certificate.Parse(content);
            if (Convert.ToHexStringLower(certificate.PublicKey.Fingerprint()) != record["public-key-sha256"] || certificate.Subject.ToString() != record["subject"])
            {
                problem($"record {record.Number} does not describe {relative}");
            }

            certificates.Add((record, certificate));
        }
        catch (MalformedDataException e)
        {
            problem($"{relative} is no certificate: {e.Message}");
        }
    }

    private void CheckSignature(TranscriptRecord record, Certificate certificate, IReadOnlyList<(TranscriptRecord Record, Certificate Certificate)> all)
    {
        var issuers = all.Where(i => i.Certificate.Subject.Equals(certificate.Issuer) && (certificate.AuthorityKeyIdentifier.IsEmpty || i.Certificate.SubjectKeyIdentifier.Span.SequenceEqual(certificate.AuthorityKeyIdentifier.Span))).ToList();
        if (issuers.Count > 0 && !issuers.Any(i => IsSigned(certificate, i.Certificate)))
        {
            problem($"record {record.Number}: {certificate.Subject} is not signed by {certificate.Issuer}");
        }
        else if (issuers.Count == 0 && record["issuer-file"] is null && record["external-issuer"] is null)
        {
            problem($"record {record.Number}: the certificate of {certificate.Issuer}, which signed {certificate.Subject}, is not here");
        }
    }

    // Both signatures, where there are two (X.509 (2019) §9.8).
    private bool IsSigned(Certificate certificate, Certificate issuer) =>
        certificate.VerifySignature(issuer.PublicKey, providers)
        && (certificate.AlternativeSignature is null || (issuer.AlternativePublicKey is { } second && certificate.VerifyAlternativeSignature(second, providers)));
}
