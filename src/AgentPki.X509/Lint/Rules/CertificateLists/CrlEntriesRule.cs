using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>Entries have valid serial numbers, none twice, dates not in the future, and reasons as the standard wants them.</summary>
internal sealed class CrlEntriesRule() : CertificateListRule("crl_entries", LintSeverity.Error, "RFC 5280 §5.1.2.6, §5.3.1")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        // In rising order nothing can stand twice, and a list of ten million costs no memory; any other order is remembered.
        HashSet<SerialKey>? seen = null;
        ReadOnlyMemory<byte> last = default;
        foreach (var entry in list.Entries)
        {
            if (Check(entry, list) is { } error)
            {
                return $"{Convert.ToHexStringLower(entry.SerialNumber.Span)}: {error}";
            }

            if (seen is null && entry.SerialNumber.Span.SequenceCompareTo(last.Span) <= 0)
            {
                seen = [.. list.Entries.TakeWhile(e => !e.SerialNumber.Equals(entry.SerialNumber)).Select(e => new SerialKey(e.SerialNumber))];
            }

            last = entry.SerialNumber;
            if (seen is not null && !seen.Add(new SerialKey(entry.SerialNumber)))
            {
                return $"{Convert.ToHexStringLower(entry.SerialNumber.Span)}: listed twice.";
            }
        }

        return null;
    }

    private static string? Check(RevokedCertificate entry, CertificateListFields list)
    {
        if (entry.SerialNumber.Length > 20 || entry.SerialNumber.Span[0] >= 0x80)
        {
            return "not a positive serial number of at most 20 octets.";
        }

        if (entry.RevocationDate > list.ThisUpdate)
        {
            return "revoked after thisUpdate.";
        }

        return entry.Reason switch
        {
            // RFC 5280 §5.3.1: absent instead of unspecified.
            CrlReason.Unspecified => "reason unspecified is written as no reason.",
            CrlReason.RemoveFromCrl when list.BaseNumber.IsEmpty => "removeFromCRL is for delta CRLs.",
            _ => null,
        };
    }

    /// <summary>Octets as a dictionary key, without a string for each of a million entries.</summary>
    private readonly struct SerialKey(ReadOnlyMemory<byte> serial) : IEquatable<SerialKey>
    {
        private readonly ReadOnlyMemory<byte> _serial = serial;

        public bool Equals(SerialKey other) => _serial.Span.SequenceEqual(other._serial.Span);

        public override bool Equals(object? obj) => obj is SerialKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(_serial.Span);
            return hash.ToHashCode();
        }
    }
}
