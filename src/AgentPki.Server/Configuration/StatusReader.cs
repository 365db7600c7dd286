using System.Globalization;
using AgentPki.Authority;

namespace AgentPki.Server.Configuration;

/// <summary>Reads the sections <c>crl</c> and <c>ocsp</c>: how relying parties hear of revocations by the standards' own ways.</summary>
internal static class StatusReader
{
    public static StatusOptions Read(YamlSection crl, YamlSection ocsp)
    {
        var validity = crl.Duration("validity", TimeSpan.FromHours(24), TimeSpan.FromMinutes(1), TimeSpan.FromDays(90));
        var authorities = new Dictionary<string, CertificateListSettings>(StringComparer.Ordinal);
        foreach (var section in crl.Sections("authorities"))
        {
            var name = section.Text("name", "");
            if (name.Length == 0 || !authorities.TryAdd(name, ReadAuthority(section, validity)))
            {
                section.Report("name", name.Length == 0 ? "is missing: the CA's name as profiles write it" : $"'{name}' occurs twice");
            }

            section.RefuseUnknown();
        }

        crl.RefuseUnknown();
        var options = new StatusOptions(
            validity,
            authorities,
            ocsp.Duration("validity", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(30), TimeSpan.FromDays(7)),
            ocsp.Choice("responderId", OcspResponderName.Key) == OcspResponderName.Name);
        ocsp.RefuseUnknown();
        return options;
    }

    private static CertificateListSettings ReadAuthority(YamlSection section, TimeSpan validity)
    {
        var delta = section.Duration("delta", TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        if (delta >= validity)
        {
            section.Report("delta", $"must be shorter than crl.validity ({Durations.Format(validity)})");
        }

        return new CertificateListSettings
        {
            Shards = section.Number("shards", 1, 1, CertificateListSettings.MostShards),
            DeltaValidity = delta == TimeSpan.Zero ? null : delta,
            ExpiredSince = ReadDate(section, "expiredSince"),
        };
    }

    private static DateTimeOffset? ReadDate(YamlSection section, string field)
    {
        if (section.Text(field, "") is not { Length: > 0 } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
        {
            return date;
        }

        section.Report(field, $"'{text}' must be a day such as 2026-01-31");
        return null;
    }
}

/// <summary>How OCSP answers name who signed them (RFC 6960 §4.2.1).</summary>
public enum OcspResponderName
{
    Key,
    Name,
}
