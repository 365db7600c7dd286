using AgentPki.X509.CertificateLists;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Ocsp;

/// <summary>RFC 6960 §4.2.1 CertStatus. Closed.</summary>
public abstract record OcspCertificateStatus
{
    private OcspCertificateStatus()
    {
    }

    /// <summary>Issued here and not revoked. Never said of what was not issued.</summary>
    public sealed record Good : OcspCertificateStatus;

    /// <param name="Reason">Null, and equally unspecified, is written as no reason.</param>
    public sealed record Revoked(DateTimeOffset Time, CrlReason? Reason = null) : OcspCertificateStatus;

    public sealed record Unknown : OcspCertificateStatus;
}

/// <summary>RFC 6960 §4.2.1 SingleResponse: the status of one certificate.</summary>
public sealed record SingleResponse(CertId Certificate, OcspCertificateStatus Status, DateTimeOffset ThisUpdate, DateTimeOffset? NextUpdate)
{
    internal void Write(DerWriter writer)
    {
        using var single = writer.Sequence();
        writer.WriteEncoded(Certificate.Encoded.Span);
        switch (Status)
        {
            case OcspCertificateStatus.Good:
                writer.Write(DerTag.Context(0), []);
                break;
            case OcspCertificateStatus.Revoked revoked:
                WriteRevoked(writer, revoked);
                break;
            case OcspCertificateStatus.Unknown:
                writer.Write(DerTag.Context(2), []);
                break;
        }

        writer.WriteGeneralizedTime(ThisUpdate);
        if (NextUpdate is { } next)
        {
            using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
            writer.WriteGeneralizedTime(next);
        }
    }

    internal static SingleResponse Read(ref DerReader list)
    {
        var single = list.ReadSequence("SingleResponse");
        var certificate = CertId.Read(ref single);
        var status = ReadStatus(ref single);
        var thisUpdate = single.ReadGeneralizedTime("thisUpdate");
        DateTimeOffset? nextUpdate = null;
        if (single.NextIs(DerTag.ContextConstructed(0)))
        {
            var tagged = single.ReadConstructed(DerTag.ContextConstructed(0), "nextUpdate");
            nextUpdate = tagged.ReadGeneralizedTime("nextUpdate");
            tagged.End("nextUpdate");
        }

        if (single.NextIs(DerTag.ContextConstructed(1)))
        {
            var tagged = single.ReadConstructed(DerTag.ContextConstructed(1), "singleExtensions");
            X509Extension.ReadAll(ref tagged, "singleExtensions");
            tagged.End("singleExtensions");
        }

        single.End("SingleResponse");
        return new SingleResponse(certificate, status, thisUpdate, nextUpdate);
    }

    private static void WriteRevoked(DerWriter writer, OcspCertificateStatus.Revoked revoked)
    {
        using var info = writer.Constructed(DerTag.ContextConstructed(1));
        writer.WriteGeneralizedTime(revoked.Time);
        if (revoked.Reason is not (null or CrlReason.Unspecified))
        {
            using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
            writer.WriteInteger((byte)revoked.Reason, DerTag.Enumerated);
        }
    }

    private static OcspCertificateStatus ReadStatus(ref DerReader single)
    {
        switch (single.NextTag)
        {
            case 0x80:
                RequireEmpty(single.ReadContent(0x80, "good"));
                return new OcspCertificateStatus.Good();
            case 0x82:
                RequireEmpty(single.ReadContent(0x82, "unknown"));
                return new OcspCertificateStatus.Unknown();
            default:
                var info = single.ReadConstructed(DerTag.ContextConstructed(1), "certStatus");
                var time = info.ReadGeneralizedTime("revocationTime");
                CrlReason? reason = null;
                if (info.NextIs(DerTag.ContextConstructed(0)))
                {
                    var tagged = info.ReadConstructed(DerTag.ContextConstructed(0), "revocationReason");
                    reason = RevokedCertificate.ReadReason(ref tagged);
                    tagged.End("revocationReason");
                }

                info.End("certStatus");
                return new OcspCertificateStatus.Revoked(time, reason);
        }
    }

    private static void RequireEmpty(ReadOnlyMemory<byte> content)
    {
        if (!content.IsEmpty)
        {
            throw new MalformedDataException("certStatus: NULL with content");
        }
    }
}
