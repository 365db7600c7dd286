using System.Security.Cryptography;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>The certificate of tls-alpn-01 (RFC 8737 §3).</summary>
internal static class AcmeTlsCertificate
{
    /// <summary>id-pe-acmeIdentifier (RFC 8737 §6.1).</summary>
    public const string AcmeIdentifierOid = "1.3.6.1.5.5.7.1.31";

    /// <summary>Null when it is the certificate that the challenge wants; else what is wrong with it, as a clause that follows "the certificate".</summary>
    public static string? Check(ReadOnlyMemory<byte> der, ValidationRequest request, CryptoProviders providers)
    {
        Certificate certificate;
        try
        {
            certificate = Certificate.Parse(der);
        }
        catch (MalformedDataException exception)
        {
            return $"cannot be read: {AcmeText.Shown(exception.Message, 160)}";
        }

        // §3: a self-signed certificate.
        if (!certificate.IsSelfIssued || !certificate.VerifySignature(certificate.PublicKey, providers))
        {
            return "is not self-signed";
        }

        // §3: a subjectAltName with the dNSName being validated and no other entries; RFC 8738 §6: or the one iPAddress.
        if (certificate.SubjectAlternativeNames is not [var only] || !Names(only, request.Identifier))
        {
            return $"has the alternative names '{AcmeText.Shown(string.Join(", ", certificate.SubjectAlternativeNames))}'; it should have {request.Identifier.ToGeneralName()} and no other";
        }

        // §3: a critical acmeIdentifier extension with the SHA-256 digest of the key authorization.
        if (certificate.FindExtension(AcmeIdentifierOid) is not { } extension)
        {
            return $"has no acmeIdentifier extension ({AcmeIdentifierOid})";
        }

        if (!extension.Critical)
        {
            return "has an acmeIdentifier extension that is not critical";
        }

        var expected = KeyAuthorizations.Digest(request.KeyAuthorization);
        if (!TryReadDigest(extension.Value, out var digest))
        {
            return "has an acmeIdentifier extension that is no OCTET STRING of 32 octets";
        }

        return digest.Span.SequenceEqual(expected)
            ? null
            : $"has the acmeIdentifier {Convert.ToHexStringLower(digest.Span)}; it should be {Convert.ToHexStringLower(expected)}";
    }

    private static bool Names(GeneralName name, AcmeIdentifier identifier) => name switch
    {
        GeneralName.Dns(var dns) => identifier.Type == AcmeIdentifierTypes.Dns && string.Equals(dns, identifier.Value, StringComparison.OrdinalIgnoreCase),
        GeneralName.Ip(var address) => address.Equals(identifier.Address),
        _ => false,
    };

    // Authorization ::= OCTET STRING (SIZE (32))
    private static bool TryReadDigest(ReadOnlyMemory<byte> value, out ReadOnlyMemory<byte> digest)
    {
        digest = default;
        try
        {
            var reader = new DerReader(value);
            digest = reader.ReadOctetString("acmeIdentifier");
            reader.End("acmeIdentifier");
            return digest.Length == SHA256.HashSizeInBytes;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }
}
