using AgentPki.X509.Der;

namespace AgentPki.X509.Extensions;

/// <summary>RFC 5280 §4.2.1.9: whether the subject is a CA and how many intermediate certificates may follow it.</summary>
public sealed record BasicConstraints(bool IsCertificateAuthority, int? PathLength)
{
    public X509Extension ToExtension()
    {
        using var writer = new DerWriter(16);
        using (writer.Sequence())
        {
            // cA BOOLEAN DEFAULT FALSE
            if (IsCertificateAuthority)
            {
                writer.WriteBoolean(true);
            }

            if (PathLength is { } length)
            {
                writer.WriteInteger(length);
            }
        }

        return new X509Extension(Oids.BasicConstraints, IsCertificateAuthority, writer.ToArray());
    }

    /// <exception cref="MalformedDataException">Not the DER of BasicConstraints.</exception>
    public static BasicConstraints Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("BasicConstraints");
        outer.End("BasicConstraints");
        var ca = sequence.NextIs(DerTag.Boolean);
        if (ca && !sequence.ReadBoolean("cA"))
        {
            throw sequence.Malformed("cA: FALSE is the default and is not encoded");
        }

        int? pathLength = sequence.IsEmpty ? null : sequence.ReadInt32("pathLenConstraint", 0, int.MaxValue);
        sequence.End("BasicConstraints");
        return new BasicConstraints(ca, pathLength);
    }
}
