using AgentPki.X509.Der;

namespace AgentPki.X509.Extensions;

/// <summary>One Extension (RFC 5280 §4.2): its type, whether a reader that does not know it must refuse, and the DER inside extnValue.</summary>
/// <param name="Oid">Dotted extnID.</param>
/// <param name="Value">The content of the extnValue OCTET STRING.</param>
public sealed partial record X509Extension(string Oid, bool Critical, ReadOnlyMemory<byte> Value)
{
    public bool Equals(X509Extension? other) =>
        other is not null && Oid == other.Oid && Critical == other.Critical && Value.Span.SequenceEqual(other.Value.Span);

    public override int GetHashCode() => HashCode.Combine(Oid, Critical, Value.Length);

    internal void Write(DerWriter writer)
    {
        using var extension = writer.Sequence();
        writer.WriteOid(Oid);
        // critical BOOLEAN DEFAULT FALSE: a default is not encoded (X.690 §11.5).
        if (Critical)
        {
            writer.WriteBoolean(true);
        }

        writer.WriteOctetString(Value.Span);
    }

    internal static X509Extension Read(ref DerReader reader)
    {
        var extension = reader.ReadSequence("Extension");
        var oid = extension.ReadOid("extnID");
        var critical = extension.NextIs(DerTag.Boolean);
        if (critical && !extension.ReadBoolean("critical"))
        {
            throw extension.Malformed("critical: FALSE is the default and is not encoded");
        }

        var value = extension.ReadOctetString("extnValue");
        extension.End("Extension");
        return new X509Extension(oid, critical, value);
    }

    /// <summary>The Extensions SEQUENCE: at least one, at most <see cref="Limits.Extensions"/>; the values are slices, duplicates are kept.</summary>
    internal static List<X509Extension> ReadAll(ref DerReader reader, string field)
    {
        var sequence = reader.ReadSequence(field);
        if (sequence.IsEmpty)
        {
            throw sequence.Malformed($"{field}: Extensions without an extension");
        }

        var extensions = new List<X509Extension>(8);
        while (!sequence.IsEmpty)
        {
            if (extensions.Count == Limits.Extensions)
            {
                throw sequence.Malformed($"{field}: more than {Limits.Extensions} extensions");
            }

            extensions.Add(Read(ref sequence));
        }

        return extensions;
    }

    internal static void WriteAll(DerWriter writer, IReadOnlyCollection<X509Extension> extensions)
    {
        using var sequence = writer.Sequence();
        foreach (var extension in extensions)
        {
            extension.Write(writer);
        }
    }

    /// <summary>The first type that occurs twice (RFC 5280 §4.2 allows one instance), or null.</summary>
    internal static string? FindDuplicate(IReadOnlyList<X509Extension> extensions)
    {
        for (var i = 1; i < extensions.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (extensions[i].Oid == extensions[j].Oid)
                {
                    return extensions[i].Oid;
                }
            }
        }

        return null;
    }
}
