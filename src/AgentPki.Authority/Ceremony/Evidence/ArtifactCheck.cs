using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether the files that records name are what they name, whether certificates are signed by the CAs that they name and carry the keys that were made, and requests and CRLs are signed, too.</summary>
internal sealed class ArtifactCheck(EvidenceFolder folder, IReadOnlySet<string> files, CryptoProviders providers, Action<string> problem, Action<string> remark)
{
    private const long LongestCertificate = 1 << 20;

    public void Run(IReadOnlyList<TranscriptRecord> records)
    {
        var certificates = new List<(TranscriptRecord Record, Certificate Certificate)>();
        var objects = new List<(TranscriptRecord Record, string Relative, string Path)>();
        foreach (var record in records)
        {
            if (record["file"] is not { } relative)
            {
                continue;
            }

            if (!relative.StartsWith("artifacts/", StringComparison.Ordinal) || !files.Contains(relative) || folder.Resolve(relative) is not { } path)
            {
                problem($"{relative}, which record {record.Number} names, is missing");
            }
            else if (DigestOf(path) != record["sha256"])
            {
                problem($"{relative} is not the file that record {record.Number} names: it was changed");
            }
            else if (record.Kind == RecordKinds.Certificate)
            {
                Parse(record, relative, path, certificates);
            }
            else if (record.Kind == RecordKinds.Object)
            {
                objects.Add((record, relative, path));
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

        var others = new ObjectCheck([.. certificates.Select(c => c.Certificate)], providers, problem);
        objects.ForEach(o => others.Run(o.Record, o.Relative, o.Path));
    }

    // A backup's archive may be longer than memory.
    private static string DigestOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private void Parse(TranscriptRecord record, string relative, string path, List<(TranscriptRecord Record, Certificate Certificate)> certificates)
    {
        try
        {
            if (new FileInfo(path).Length > LongestCertificate)
            {
                throw new MalformedDataException("it is longer than any");
            }

            var certificate = Certificate.Parse(File.ReadAllBytes(path));
            if (!Describes(record, certificate))
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

    private static bool Describes(TranscriptRecord record, Certificate certificate) =>
        record["public-key-sha256"] == Convert.ToHexStringLower(certificate.PublicKey.Fingerprint())
        && record["subject"] == certificate.Subject.ToString()
        && record["issuer"] is var issuer && (issuer is null || issuer == certificate.Issuer.ToString())
        && record["serial"] is var serial && (serial is null || serial == Convert.ToHexStringLower(certificate.SerialNumber.Span))
        && record["not-before"] is var start && (start is null || start == Instants.ToText(certificate.NotBefore))
        && record["not-after"] is var end && (end is null || end == Instants.ToText(certificate.NotAfter));

    private void CheckSignature(TranscriptRecord record, Certificate certificate, IReadOnlyList<(TranscriptRecord Record, Certificate Certificate)> all)
    {
        var issuers = all.Where(i => i.Certificate.Subject.Equals(certificate.Issuer) && (certificate.AuthorityKeyIdentifier.IsEmpty || i.Certificate.SubjectKeyIdentifier.Span.SequenceEqual(certificate.AuthorityKeyIdentifier.Span))).ToList();
        if (issuers.Count > 0 && !issuers.Any(i => IsSigned(certificate, i.Certificate)))
        {
            problem($"record {record.Number}: {certificate.Subject} is not signed by {certificate.Issuer}");
        }
        else if (issuers.Count == 0 && record["external-issuer"] is { } external)
        {
            remark($"{certificate.Subject} is signed by {external}, whose certificate is not here");
        }
        else if (issuers.Count == 0)
        {
            problem($"record {record.Number}: the certificate of {certificate.Issuer}, which signed {certificate.Subject}, is not here");
        }
    }

    // Both signatures, where there are two (X.509 (2019) §9.8).
    private bool IsSigned(Certificate certificate, Certificate issuer) =>
        certificate.VerifySignature(issuer.PublicKey, providers)
        && (certificate.AlternativeSignature is null || (issuer.AlternativePublicKey is { } second && certificate.VerifyAlternativeSignature(second, providers)));
}
