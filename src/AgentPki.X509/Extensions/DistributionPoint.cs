using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

/// <summary>One DistributionPoint of cRLDistributionPoints (RFC 5280 §4.2.1.13).</summary>
/// <param name="FullName">Where the CRL is found; empty for a name relative to the issuer, which nobody uses.</param>
/// <param name="Reasons">Bits of ReasonFlags; null for all.</param>
/// <param name="HasCrlIssuer">Whether somebody else than the certificate's issuer signs the CRL.</param>
public sealed record DistributionPoint(IReadOnlyList<GeneralName> FullName, uint? Reasons, bool HasCrlIssuer)
{
    /// <exception cref="MalformedDataException">Not the DER of CRLDistributionPoints.</exception>
    public static IReadOnlyList<DistributionPoint> ParseAll(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("CRLDistributionPoints");
        outer.End("CRLDistributionPoints");
        var points = new List<DistributionPoint>(1);
        while (!sequence.IsEmpty)
        {
            if (points.Count == Limits.ExtensionItems)
            {
                throw sequence.Malformed($"CRLDistributionPoints: more than {Limits.ExtensionItems}");
            }

            points.Add(Read(ref sequence));
        }

        return points.Count > 0 ? points : throw sequence.Malformed("CRLDistributionPoints: empty");
    }

    // distributionPoint [0] EXPLICIT CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }
    internal static IReadOnlyList<GeneralName> ReadName(ref DerReader reader)
    {
        var point = reader.ReadConstructed(DerTag.ContextConstructed(0), "distributionPoint");
        IReadOnlyList<GeneralName> names = [];
        if (point.NextIs(DerTag.ContextConstructed(0)))
        {
            names = GeneralName.ReadAll(point.ReadConstructed(DerTag.ContextConstructed(0), "fullName"), "fullName");
        }
        else
        {
            point.ReadElement(DerTag.ContextConstructed(1), "nameRelativeToCRLIssuer");
        }

        point.End("distributionPoint");
        return names;
    }

    private static DistributionPoint Read(ref DerReader list)
    {
        var point = list.ReadSequence("DistributionPoint");
        var names = point.NextIs(DerTag.ContextConstructed(0)) ? ReadName(ref point) : [];
        uint? reasons = point.NextIs(DerTag.Context(1)) ? point.ReadNamedBits("reasons", DerTag.Context(1)) : null;
        var hasIssuer = point.NextIs(DerTag.ContextConstructed(2));
        if (hasIssuer)
        {
            GeneralName.ReadAll(point.ReadConstructed(DerTag.ContextConstructed(2), "cRLIssuer"), "cRLIssuer");
        }

        point.End("DistributionPoint");
        return new DistributionPoint(names, reasons, hasIssuer);
    }
}
