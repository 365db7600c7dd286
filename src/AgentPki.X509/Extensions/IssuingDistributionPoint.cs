using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

/// <summary>RFC 5280 §5.2.5: which certificates a CRL is about. Critical.</summary>
/// <param name="FullName">Where this CRL is found; the same text as in the certificates' distribution points.</param>
/// <param name="OnlySomeReasons">Bits of ReasonFlags; null for all reasons.</param>
public sealed record IssuingDistributionPoint(
    IReadOnlyList<GeneralName> FullName,
    bool OnlyUserCertificates = false,
    bool OnlyAuthorityCertificates = false,
    bool Indirect = false,
    uint? OnlySomeReasons = null,
    bool OnlyAttributeCertificates = false)
{
    public X509Extension ToExtension()
    {
        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            if (FullName.Count > 0)
            {
                using var point = writer.Constructed(DerTag.ContextConstructed(0));
                using var fullName = writer.Constructed(DerTag.ContextConstructed(0));
                foreach (var name in FullName)
                {
                    name.Write(writer);
                }
            }

            WriteFlag(writer, 1, OnlyUserCertificates);
            WriteFlag(writer, 2, OnlyAuthorityCertificates);
            if (OnlySomeReasons is { } reasons)
            {
                writer.WriteNamedBits(reasons, DerTag.Context(3));
            }

            WriteFlag(writer, 4, Indirect);
            WriteFlag(writer, 5, OnlyAttributeCertificates);
        }

        return new X509Extension(Oids.IssuingDistributionPoint, true, writer.ToArray());
    }

    /// <exception cref="MalformedDataException">Not the DER of IssuingDistributionPoint.</exception>
    public static IssuingDistributionPoint Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("IssuingDistributionPoint");
        outer.End("IssuingDistributionPoint");
        IReadOnlyList<GeneralName> fullName = [];
        if (sequence.NextIs(DerTag.ContextConstructed(0)))
        {
            fullName = DistributionPoint.ReadName(ref sequence);
        }

        var user = ReadFlag(ref sequence, 1);
        var authority = ReadFlag(ref sequence, 2);
        uint? reasons = sequence.NextIs(DerTag.Context(3)) ? sequence.ReadNamedBits("onlySomeReasons", DerTag.Context(3)) : null;
        var indirect = ReadFlag(ref sequence, 4);
        var attribute = ReadFlag(ref sequence, 5);
        sequence.End("IssuingDistributionPoint");
        return new IssuingDistributionPoint(fullName, user, authority, indirect, reasons, attribute);
    }

    // BOOLEAN DEFAULT FALSE
    private static void WriteFlag(DerWriter writer, int number, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(true, DerTag.Context(number));
        }
    }

    private static bool ReadFlag(ref DerReader reader, int number)
    {
        var tag = DerTag.Context(number);
        if (!reader.NextIs(tag))
        {
            return false;
        }

        return reader.ReadBoolean("IssuingDistributionPoint", tag) ? true : throw reader.Malformed("IssuingDistributionPoint: FALSE is the default and is not encoded");
    }
}
