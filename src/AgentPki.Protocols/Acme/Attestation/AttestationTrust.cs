using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>Who may vouch for devices of one format.</summary>
public sealed record AttestationTrust
{
    /// <summary>Where a chain must end; compared octet by octet.</summary>
    public IReadOnlyList<Certificate> Roots { get; init; } = [];

    /// <summary>Serial numbers (hexadecimal) of certificates that count no more, at any place of a chain.</summary>
    public IReadOnlyList<string> Revoked { get; init; } = [];

    /// <summary>The first certificate of <paramref name="chain"/>, vouched for by a root.</summary>
    /// <param name="chain">DER, the device's certificate first, as <c>x5c</c> has them; the root may be left out.</param>
    /// <param name="purpose">The key purpose that the certificate must name; null: none.</param>
    /// <exception cref="AttestationException">It is not.</exception>
    internal Certificate Verify(IReadOnlyList<byte[]> chain, string? purpose, DateTimeOffset time, CryptoProviders providers)
    {
        var certificates = new List<Certificate>();
        foreach (var der in chain)
        {
            certificates.Add(Certificate.TryParse(der, out var certificate, out var error) ? certificate : throw new AttestationException($"Certificate {certificates.Count + 1} of x5c cannot be read: {AcmeText.Shown(error, 160)}."));
        }

        if (certificates is not [var first, ..])
        {
            throw new AttestationException("The x5c of the statement is empty; it holds the device's certificate and those above it.");
        }

        return CertificateChain.Validate(first, certificates.Skip(1), Roots, new ChainOptions(time, purpose), providers) switch
        {
            ChainResult.Valid(var path) when path.FirstOrDefault(IsRevoked) is { } revoked =>
                throw new AttestationException($"The certificate with the serial number {revoked.SerialHex} in the attestation's chain is revoked by this server's configuration."),
            ChainResult.Valid => first,
            ChainResult.Invalid invalid => throw new AttestationException($"The certificates of x5c lead to no configured attestation root: {AcmeText.Shown(invalid.Detail.TrimEnd('.'), 240)}."),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private bool IsRevoked(Certificate certificate) => Revoked.Any(r => Serial(r) == Serial(certificate.SerialHex));

    private static string Serial(string hex) => hex.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant().TrimStart('0');
}
