using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.CertificateLists;

/// <summary>One entry of revokedCertificates (RFC 5280 §5.1.2.6, §5.3).</summary>
/// <param name="SerialNumber">Content octets of the INTEGER, minimal.</param>
/// <param name="Reason">Null, and equally <see cref="CrlReason.Unspecified"/>, is written as no reason at all (RFC 5280 §5.3.1).</param>
/// <param name="InvalidityDate">Since when the key is thought to be compromised (§5.3.2).</param>
public readonly record struct RevokedCertificate(
    ReadOnlyMemory<byte> SerialNumber, DateTimeOffset RevocationDate, CrlReason? Reason = null, DateTimeOffset? InvalidityDate = null)
{
    /// <summary>Whether the entry carries a critical extension that this project does not know; such a CRL must not be used (RFC 5280 §5.3).</summary>
    public bool HasUnknownCriticalExtension { get; init; }

    public bool Equals(RevokedCertificate other) =>
        SerialNumber.Span.SequenceEqual(other.SerialNumber.Span) && RevocationDate == other.RevocationDate && Reason == other.Reason && InvalidityDate == other.InvalidityDate;

    public override int GetHashCode() => HashCode.Combine(SerialNumber.Length, RevocationDate, Reason);

    /// <summary>Writes the entry as it stands in revokedCertificates.</summary>
    public void Write(DerWriter writer)
    {
        using var entry = writer.Sequence();
        writer.Write(DerTag.Integer, SerialNumber.Span);
        writer.WriteTime(RevocationDate);
        var hasReason = Reason is not (null or CrlReason.Unspecified);
        if (!hasReason && InvalidityDate is null)
        {
            return;
        }

        using var extensions = writer.Sequence();
        if (hasReason)
        {
            // reasonCode, whole: there may be millions.
            writer.WriteEncoded([DerTag.Sequence, 10, DerTag.ObjectIdentifier, 3, 0x55, 0x1D, 0x15, DerTag.OctetString, 3, DerTag.Enumerated, 1, (byte)Reason.GetValueOrDefault()]);
        }

        if (InvalidityDate is { } invalidity)
        {
            using var extension = writer.Sequence();
            writer.WriteOid(Oids.InvalidityDate);
            using var value = writer.OctetString();
            // RFC 5280 §5.3.2: GeneralizedTime, also before 2050.
            writer.WriteGeneralizedTime(invalidity);
        }
    }

    internal static RevokedCertificate Read(ref DerReader list, out bool hasExtensions)
    {
        var entry = list.ReadSequence("revokedCertificate");
        var serial = entry.ReadIntegerContent("userCertificate");
        var date = entry.ReadTime("revocationDate");
        hasExtensions = !entry.IsEmpty;
        if (!hasExtensions)
        {
            return new RevokedCertificate(serial, date);
        }

        CrlReason? reason = null;
        DateTimeOffset? invalidity = null;
        var unknown = false;
        var extensions = X509Extension.ReadAll(ref entry, "crlEntryExtensions");
        entry.End("revokedCertificate");
        foreach (var extension in extensions)
        {
            var reader = new DerReader(extension.Value);
            switch (extension.Oid)
            {
                case Oids.CrlReason:
                    reason = ReadReason(ref reader);
                    break;
                case Oids.InvalidityDate:
                    invalidity = reader.ReadGeneralizedTime("invalidityDate");
                    break;
                default:
                    // certificateIssuer is critical: an indirect CRL is about other issuers' certificates and of no use here.
                    unknown |= extension.Critical;
                    continue;
            }

            reader.End("crlEntryExtension");
        }

        return X509Extension.FindDuplicate(extensions) is { } duplicate
            ? throw list.Malformed($"crlEntryExtensions: {duplicate} occurs twice")
            : new RevokedCertificate(serial, date, reason, invalidity) { HasUnknownCriticalExtension = unknown };
    }

    internal static CrlReason ReadReason(ref DerReader reader)
    {
        var value = reader.ReadInt32("reasonCode", 0, 10, DerTag.Enumerated);
        return value != 7 ? (CrlReason)value : throw reader.Malformed("reasonCode: 7 is not used");
    }
}
