using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.Attestation.Apple;

/// <summary>
/// <c>apple</c> as Managed Device Attestation sends it (Apple, "Managed Device Attestation for Apple devices"): a certificate for the key in the Secure
/// Enclave with serial number and UDID as extensions. Apple's server signs before the account's key is at hand, so the freshness code is the hash of the
/// token alone (draft-ietf-acme-device-attest-10 §5).
/// </summary>
internal sealed class AppleFormat(AppleOptions options, CryptoProviders providers) : IAttestationFormat
{
    public const string SerialNumber = "1.2.840.113635.100.8.9.1";
    public const string DeviceIdentifier = "1.2.840.113635.100.8.9.2";
    public const string FreshnessCode = "1.2.840.113635.100.8.11.1";

    public string Format => "apple";

    public AttestedDevice Verify(AttestationStatement statement, AttestationChallenge challenge)
    {
        var certificate = options.Trust.Verify(statement.List("x5c"), null, challenge.Time, providers);

        // The value of the extension is the hash itself, without a DER type around it.
        if (certificate.FindExtension(FreshnessCode) is not { } code || !code.Value.Span.SequenceEqual(SHA256.HashData(Encoding.ASCII.GetBytes(challenge.Token))))
        {
            throw new AttestationException("The freshness code of the device's certificate is missing, or is not the SHA-256 of this challenge's token. Apple makes a new one once in seven days; until then a device sends the last.");
        }

        string[] oids = [SerialNumber, DeviceIdentifier];
        var names = oids.Select(certificate.FindExtension).Select(e => e is null ? null : DeviceNames.Read(e.Value.Span)).OfType<string>().ToList();
        return names.Count > 0
            ? new AttestedDevice(certificate.PublicKey, names, $"certificate {certificate.SerialHex} of '{AcmeText.Shown(certificate.Issuer.ToString())}'")
            : throw new AttestationException("The device's certificate has neither serial number nor UDID; devices that their users enrolled have none.");
    }
}
