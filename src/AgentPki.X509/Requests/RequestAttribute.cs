using AgentPki.X509.Der;

namespace AgentPki.X509.Requests;

/// <summary>One Attribute (RFC 2986 §4): a type and its values, each a DER element.</summary>
public sealed record RequestAttribute(string Oid, IReadOnlyList<ReadOnlyMemory<byte>> Values)
{
    /// <summary>
    /// Reads the content of a SET OF Attribute. The order of the set is not checked: several clients send it unsorted, and what counts is that the
    /// signature covers the octets as they came.
    /// </summary>
    internal static List<RequestAttribute> ReadAll(DerReader set, string field)
    {
        var attributes = new List<RequestAttribute>(2);
        while (!set.IsEmpty)
        {
            if (attributes.Count == Limits.Attributes)
            {
                throw set.Malformed($"{field}: more than {Limits.Attributes} attributes");
            }

            var attribute = set.ReadSequence(field);
            var oid = attribute.ReadOid(field);
            var values = ReadValues(attribute.ReadSet(field), field);
            attribute.End(field);
            attributes.Add(new RequestAttribute(oid, values));
        }

        return attributes;
    }

    internal void Write(DerWriter writer)
    {
        using var attribute = writer.Sequence();
        writer.WriteOid(Oid);
        using var set = writer.SetOf();
        foreach (var value in Values)
        {
            writer.WriteEncoded(value.Span);
        }
    }

    private static List<ReadOnlyMemory<byte>> ReadValues(DerReader set, string field)
    {
        var values = new List<ReadOnlyMemory<byte>>(1);
        while (!set.IsEmpty)
        {
            if (values.Count == Limits.Attributes)
            {
                throw set.Malformed($"{field}: more than {Limits.Attributes} values");
            }

            values.Add(set.ReadElement(field));
        }

        return values;
    }
}
