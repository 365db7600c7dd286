using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

/// <summary>One AccessDescription of authorityInfoAccess (RFC 5280 §4.2.2.1).</summary>
public sealed record AccessDescription(string Method, GeneralName Location);

/// <summary>Readers of the extension values that are plain lists.</summary>
public static class ExtensionReaders
{
    /// <exception cref="MalformedDataException">Not the DER of KeyUsage, or no usage at all (RFC 5280 §4.2.1.3: at least one bit).</exception>
    public static KeyUsages KeyUsage(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var bits = reader.ReadNamedBits("KeyUsage");
        reader.End("KeyUsage");
        return bits is > 0 and < 1 << 9 ? (KeyUsages)bits : throw reader.Malformed("KeyUsage: no usage, or an unknown one");
    }

    /// <summary>SubjectKeyIdentifier, and any other extension that is one OCTET STRING.</summary>
    /// <exception cref="MalformedDataException">Not a non-empty OCTET STRING.</exception>
    public static ReadOnlyMemory<byte> OctetString(ReadOnlyMemory<byte> value, string field)
    {
        var reader = new DerReader(value);
        var octets = reader.ReadOctetString(field);
        reader.End(field);
        return octets.Length > 0 ? octets : throw reader.Malformed($"{field}: empty");
    }

    /// <summary>cRLNumber and deltaCRLIndicator: a non-negative INTEGER of at most 20 octets (RFC 5280 §5.2.3); its content octets.</summary>
    /// <exception cref="MalformedDataException">Anything else.</exception>
    public static ReadOnlyMemory<byte> CrlNumber(ReadOnlyMemory<byte> value, string field)
    {
        var reader = new DerReader(value);
        var number = reader.ReadIntegerContent(field);
        reader.End(field);
        return number.Length <= 20 && number.Span[0] < 0x80 ? number : throw reader.Malformed($"{field}: negative or longer than 20 octets");
    }

    /// <summary>noRevAvail and ocsp-nocheck: NULL.</summary>
    /// <exception cref="MalformedDataException">Anything else.</exception>
    public static void Null(ReadOnlyMemory<byte> value, string field)
    {
        var reader = new DerReader(value);
        reader.ReadNull(field);
        reader.End(field);
    }

    /// <summary>subjectAltName, issuerAltName.</summary>
    /// <exception cref="MalformedDataException">Not the DER of GeneralNames, empty, or more than <see cref="Limits.GeneralNames"/>.</exception>
    public static IReadOnlyList<GeneralName> GeneralNames(ReadOnlyMemory<byte> value, string field)
    {
        var reader = new DerReader(value);
        var names = GeneralName.ReadAll(reader.ReadSequence(field), field);
        reader.End(field);
        return names;
    }

    /// <exception cref="MalformedDataException">Not the DER of ExtKeyUsageSyntax.</exception>
    public static IReadOnlyList<string> ExtendedKeyUsage(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var list = Open(ref outer, "ExtKeyUsageSyntax");
        var purposes = new List<string>(2);
        while (!list.IsEmpty)
        {
            Bound(purposes.Count, ref list, "ExtKeyUsageSyntax");
            purposes.Add(list.ReadOid("KeyPurposeId"));
        }

        return purposes;
    }

    /// <summary>certificatePolicies: the identifiers; qualifiers are checked for structure and dropped.</summary>
    /// <exception cref="MalformedDataException">Not the DER of CertificatePolicies.</exception>
    public static IReadOnlyList<string> CertificatePolicies(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var list = Open(ref outer, "CertificatePolicies");
        var policies = new List<string>(1);
        while (!list.IsEmpty)
        {
            Bound(policies.Count, ref list, "CertificatePolicies");
            var information = list.ReadSequence("PolicyInformation");
            policies.Add(information.ReadOid("policyIdentifier"));
            if (!information.IsEmpty)
            {
                information.ReadElement(DerTag.Sequence, "policyQualifiers");
            }

            information.End("PolicyInformation");
        }

        return policies;
    }

    /// <exception cref="MalformedDataException">Not the DER of AuthorityInfoAccessSyntax.</exception>
    public static IReadOnlyList<AccessDescription> AccessDescriptions(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var list = Open(ref outer, "AuthorityInfoAccessSyntax");
        var descriptions = new List<AccessDescription>(2);
        while (!list.IsEmpty)
        {
            Bound(descriptions.Count, ref list, "AuthorityInfoAccessSyntax");
            var description = list.ReadSequence("AccessDescription");
            var method = description.ReadOid("accessMethod");
            descriptions.Add(new AccessDescription(method, GeneralName.Read(ref description, "accessLocation")));
            description.End("AccessDescription");
        }

        return descriptions;
    }

    private static DerReader Open(ref DerReader outer, string field)
    {
        var list = outer.ReadSequence(field);
        outer.End(field);
        return list.IsEmpty ? throw list.Malformed($"{field}: empty") : list;
    }

    private static void Bound(int count, ref DerReader list, string field)
    {
        if (count == Limits.ExtensionItems)
        {
            throw list.Malformed($"{field}: more than {Limits.ExtensionItems}");
        }
    }
}
