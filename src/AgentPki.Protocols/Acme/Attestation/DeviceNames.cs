using System.Text;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>What a certificate calls a device.</summary>
internal static class DeviceNames
{
    private const string PermanentIdentifier = "1.3.6.1.5.5.7.8.3";

    /// <summary>Its PermanentIdentifiers (RFC 4043 §2) as draft-ietf-acme-device-attest-10 §3.1 writes them, then the subject's serialNumber.</summary>
    public static IEnumerable<string> Of(Certificate certificate)
    {
        foreach (var name in certificate.SubjectAlternativeNames.OfType<GeneralName.Other>())
        {
            if (Read(name.Raw) is { } identifier)
            {
                yield return identifier;
            }
        }

        if (certificate.Subject.Find(Oids.SerialNumber) is { } serial && IsUsable(serial))
        {
            yield return serial;
        }
    }

    /// <summary>Whether a text can be the value of a permanent-identifier: nothing invisible, and no slash, which stands before the assigner.</summary>
    public static bool IsUsable(string text) => text.Length is > 0 and <= 200 && text.All(c => c != '/' && Authority.Acme.Validation.AcmeText.IsPlain(c)) && text.Trim() == text;

    /// <summary>A value from an attestation as text; null when it is none.</summary>
    public static string? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
            return IsUsable(text) ? text : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    // otherName [0] { OID, [0] EXPLICIT PermanentIdentifier ::= SEQUENCE { identifierValue UTF8String OPTIONAL, assigner OBJECT IDENTIFIER OPTIONAL } }
    private static string? Read(ReadOnlyMemory<byte> otherName)
    {
        try
        {
            var reader = new DerReader(otherName);
            var outer = reader.ReadConstructed(0xA0, "otherName");
            if (outer.ReadOid("type-id") != PermanentIdentifier)
            {
                return null;
            }

            var wrapped = outer.ReadConstructed(0xA0, "value");
            var fields = wrapped.ReadSequence("PermanentIdentifier");
            if (!fields.NextIs(DerTag.Utf8String) || Read(fields.ReadContent(DerTag.Utf8String, "identifierValue").Span) is not { } value)
            {
                return null;
            }

            return fields.NextIs(DerTag.ObjectIdentifier) ? $"{value}/{fields.ReadOid("assigner")}" : value;
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }
}
