using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Acme;

/// <summary>
/// What every downloaded certificate must be besides its client's: of a serial number that no other has, and below a CA that leads to the given root. Each different
/// chain is built once and recognised afterwards; the signatures of a sample are verified after the clock has stopped.
/// </summary>
internal sealed class IssuedChains(X509Certificate2Collection roots)
{
    private const string End = "-----END CERTIFICATE-----";
    private const int SampleEvery = 20;
    private const int Limit = 2000;
    private readonly ConcurrentDictionary<string, byte> _serials = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Above> _above = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<(byte[] Der, Above Above)> _kept = [];
    private long _answers;

    internal bool Sound { get; private set; } = true;

    /// <summary>What is wrong with an answer; null: nothing.</summary>
    internal string? Examine(X509Certificate2 certificate, string pem)
    {
        if (!_serials.TryAdd(certificate.SerialNumber, 0))
            return "a serial number that was used before";
        int end = pem.IndexOf(End, StringComparison.Ordinal);
        Above above = _above.GetOrAdd(end < 0 ? "" : pem[(end + End.Length)..], Build);
        if (above.Fault is { } fault)
            return fault;
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(above.Issuer))
            return "a chain of another CA than the certificate's issuer";
        if (Interlocked.Increment(ref _answers) % SampleEvery == 1 && _kept.Count < Limit)
            _kept.Add((certificate.RawData, above));
        return null;
    }

    /// <summary>Verifies the sample.</summary>
    internal IReadOnlyList<string> Judge()
    {
        string[] faults = [.. _kept.Select(k => FaultOf(k.Der, k.Above)).OfType<string>().Distinct().Take(10)];
        Sound = faults.Length == 0;
        return [$"verified to the root: {_kept.Count} of {_answers}; distinct serial numbers: {_serials.Count}; chains: {_above.Count}", .. faults.Select(f => "FAULT " + f)];
    }

    private string? FaultOf(byte[] der, Above above)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        return Build(certificate, above.Certificates);
    }

    private Above Build(string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return new Above([], certificates, "a chain that does not parse");
        }

        return certificates.Count == 0 ? new Above([], certificates, "a certificate without a chain") : new Above(certificates[0].SubjectName.RawData, certificates, Build(certificates[0], certificates));
    }

    private string? Build(X509Certificate2 certificate, X509Certificate2Collection above)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(above);
        return chain.Build(certificate) ? null : "no chain to the root: " + string.Join(", ", chain.ChainStatus.Select(s => s.Status));
    }

    /// <summary>What came behind a certificate.</summary>
    /// <param name="Issuer">The subject of the first, DER.</param>
    private sealed record Above(byte[] Issuer, X509Certificate2Collection Certificates, string? Fault);
}
