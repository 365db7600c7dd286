using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Est;

/// <summary>
/// What is judged after the clock has stopped: no serial number twice in the whole run, and for a sample of the answers exactly one
/// certificate, a chain to the given root, valid now, with the key and the names that were asked for.
/// </summary>
internal sealed class IssuedSamples
{
    private const int Limit = 2000;
    private readonly ConcurrentBag<(byte[] Der, PreparedEnrollment Asked)> _kept = [];
    private readonly List<List<byte[]>> _serials = [];
    private readonly List<string> _faults = [];

    internal bool Sound => _faults.Count == 0;

    internal List<byte[]> NewSerialList()
    {
        List<byte[]> list = [];
        _serials.Add(list);
        return list;
    }

    internal void Keep(byte[] der, PreparedEnrollment asked)
    {
        if (_kept.Count < Limit)
            _kept.Add((der, asked));
    }

    internal IReadOnlyList<string> Judge(X509Certificate2Collection roots, X509Certificate2[] issuers)
    {
        long issued = _serials.Sum(s => (long)s.Count);
        int distinct = _serials.SelectMany(s => s).Select(Convert.ToHexString).ToHashSet().Count;
        if (distinct != issued)
            _faults.Add($"{issued - distinct} serial numbers were used twice");
        foreach ((byte[] der, PreparedEnrollment asked) in _kept)
        {
            if (FaultOf(der, asked, roots, issuers) is { } fault)
                _faults.Add(fault);
        }

        return [$"verified in full: {_kept.Count} of {issued}; distinct serial numbers: {distinct}", .. _faults.Distinct().Take(10).Select(f => "FAULT " + f)];
    }

    /// <summary>The serialNumber of the first certificate, found by walking the few headers before it instead of parsing it all.</summary>
    internal static bool TryFindSerial(ReadOnlySpan<byte> certsOnly, out ReadOnlySpan<byte> serial)
    {
        // RFC 5280 §4.1: a TBSCertificate begins with version v3, [0] { INTEGER 2 }, and the serialNumber follows.
        ReadOnlySpan<byte> version3 = [0xA0, 0x03, 0x02, 0x01, 0x02, 0x02];
        int at = certsOnly.IndexOf(version3);
        serial = default;
        if (at < 0 || at + 6 >= certsOnly.Length)
            return false;
        int length = certsOnly[at + 6];
        if (length is 0 or > 21 || at + 7 + length > certsOnly.Length)
            return false;
        serial = certsOnly.Slice(at + 7, length);
        return true;
    }

    private static string? FaultOf(byte[] der, PreparedEnrollment asked, X509Certificate2Collection roots, X509Certificate2[] issuers)
    {
        try
        {
            IReadOnlyList<ReadOnlyMemory<byte>> certificates = CertsOnly.Certificates(der);
            if (certificates.Count != 1)
                return $"{certificates.Count} certificates in one answer, RFC 7030 §4.2.3 wants one";
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(certificates[0].Span);
            if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(asked.PublicKey))
                return "another key than was asked for";
            ReadOnlySpan<byte> names = AgentName.Of(certificate).SubjectAlternativeName is { } given ? given.RawData : [];
            if (asked.Name.SubjectAlternativeName is { } wanted && !names.SequenceEqual(wanted.RawData))
                return "other names than were asked for";
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;
            chain.ChainPolicy.CustomTrustStore.AddRange(roots);
            chain.ChainPolicy.ExtraStore.AddRange(issuers);
            return chain.Build(certificate) ? null : "no valid chain: " + string.Join(", ", chain.ChainStatus.Select(s => s.Status));
        }
        catch (Exception e) when (e is AsnContentException or System.Security.Cryptography.CryptographicException)
        {
            return "an answer that does not parse";
        }
    }
}
