using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.Der;

namespace AgentPki.X509.Names;

/// <summary>
/// A distinguished name (RFC 5280 §4.1.2.4): its DER, and what is in it. Two names are equal when their DER is; this appliance writes every name
/// once and copies it, so that no string preparation is needed to compare an issuer with a subject.
/// </summary>
public sealed class X500Name : IEquatable<X500Name>
{
    private readonly byte[] _der;

    private X500Name(byte[] der, IReadOnlyList<IReadOnlyList<NameAttribute>> rdns) => (_der, Rdns) = (der, rdns);

    /// <summary>The empty name: an empty SEQUENCE.</summary>
    public static X500Name Empty { get; } = new([0x30, 0x00], []);

    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>The relative distinguished names, most general first, as encoded.</summary>
    public IReadOnlyList<IReadOnlyList<NameAttribute>> Rdns { get; }

    public bool IsEmpty => Rdns.Count == 0;

    /// <summary>The most specific commonName; null when there is none.</summary>
    public string? CommonName => Find(Oids.CommonName);

    /// <summary>Whether a value carries control, bidirectional or invisible characters that deceive a reader or a log.</summary>
    public bool HasControlCharacters => Rdns.Any(rdn => rdn.Any(a => Charsets.HasControl(a.Value)));

    /// <summary>The most specific value of an attribute type; null when there is none.</summary>
    public string? Find(string oid) => Rdns.SelectMany(rdn => rdn).LastOrDefault(a => a.Oid == oid)?.Value;

    /// <exception cref="MalformedDataException">Not the DER of a Name.</exception>
    public static X500Name Parse(ReadOnlyMemory<byte> der)
    {
        var reader = new DerReader(der);
        var name = Read(ref reader, "Name");
        reader.End("Name");
        return name;
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out X500Name? name)
    {
        try
        {
            name = Parse(der);
            return true;
        }
        catch (MalformedDataException)
        {
            name = null;
            return false;
        }
    }

    /// <summary>
    /// A name of one attribute per RDN, most general first. Values are UTF8String; PrintableString for country, serialNumber and dnQualifier and
    /// IA5String for domainComponent and emailAddress, as RFC 5280 appendix A fixes them.
    /// </summary>
    /// <exception cref="ArgumentException">A value is empty, too long, or has characters its type lacks.</exception>
    public static X500Name Create(params (string Oid, string Value)[] attributes) => Encode(attributes.Select(a => new[] { a }));

    /// <summary>Reads the string form of RFC 4514, for example <c>CN=agent-7,O=Example</c> (most specific first).</summary>
    /// <exception cref="FormatException">Not a distinguished name in that form.</exception>
    public static X500Name FromRfc4514(string text) => Encode(Rfc4514.Parse(text));

    /// <summary>RFC 4514: most specific first; controls and special characters escaped.</summary>
    public override string ToString() => Rfc4514.Format(Rdns);

    public bool Equals(X500Name? other) => other is not null && _der.AsSpan().SequenceEqual(other._der);

    public override bool Equals(object? obj) => Equals(obj as X500Name);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_der);
        return hash.ToHashCode();
    }

    internal static X500Name Read(ref DerReader reader, string field)
    {
        var der = reader.ReadElement(DerTag.Sequence, field);
        if (der.Length == 2)
        {
            return Empty;
        }

        var sequence = reader.Inside(der).ReadSequence(field);
        var rdns = new List<IReadOnlyList<NameAttribute>>(4);
        while (!sequence.IsEmpty)
        {
            if (rdns.Count == Limits.NameAttributes)
            {
                throw sequence.Malformed($"{field}: more than {Limits.NameAttributes} relative distinguished names");
            }

            rdns.Add(ReadRdn(ref sequence, field));
        }

        return new X500Name(der.ToArray(), rdns);
    }

    private static NameAttribute[] ReadRdn(ref DerReader sequence, string field)
    {
        var set = sequence.ReadSet(field);
        if (set.IsEmpty)
        {
            throw set.Malformed($"{field}: empty relative distinguished name");
        }

        ReadOnlyMemory<byte> previous = default;
        var attributes = new List<NameAttribute>(1);
        while (!set.IsEmpty)
        {
            var element = set.ReadElement(DerTag.Sequence, field);
            // X.690 §11.6: the elements of a SET OF are in ascending order.
            if (attributes.Count > 0 && previous.Span.SequenceCompareTo(element.Span) >= 0)
            {
                throw set.Malformed($"{field}: attributes of one RDN are not in DER order");
            }

            if (attributes.Count == Limits.NameAttributes)
            {
                throw set.Malformed($"{field}: more than {Limits.NameAttributes} attributes in one RDN");
            }

            attributes.Add(ReadAttribute(set.Inside(element), field));
            previous = element;
        }

        return [.. attributes];
    }

    private static NameAttribute ReadAttribute(DerReader element, string field)
    {
        var pair = element.ReadSequence(field);
        var oid = pair.ReadOid(field);
        var tag = pair.NextTag;
        var value = tag is DerTag.Utf8String or DerTag.PrintableString or DerTag.Ia5String or DerTag.NumericString or DerTag.TeletexString or DerTag.BmpString
            or DerTag.UniversalString or DerTag.VisibleString
            ? pair.ReadString(field)
            : '#' + Convert.ToHexStringLower(pair.ReadElement(field).Span);
        pair.End(field);
        return new NameAttribute(oid, value, tag);
    }

    private static X500Name Encode(IEnumerable<IReadOnlyList<(string Oid, string Value)>> rdns)
    {
        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            foreach (var rdn in rdns)
            {
                using var set = writer.SetOf();
                foreach (var (oid, value) in rdn)
                {
                    using var pair = writer.Sequence();
                    writer.WriteOid(oid);
                    writer.WriteString(NameSyntax.Check(oid, value), value);
                }
            }
        }

        return Parse(writer.ToArray());
    }
}
