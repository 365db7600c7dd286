using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Audit;

/// <summary>
/// Refusals of strangers since the last entry about them: a count per kind, and one digest that runs over every single one since the start, so that log
/// lines shown later can be checked against the ledger. Its size does not depend on how many there were.
/// </summary>
internal sealed class RefusalAggregate(DateTimeOffset from)
{
    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[Enum.GetValues<PkiProblemKind>().Length];
    private readonly byte[] _digest = new byte[SHA256.HashSizeInBytes];
    private DateTimeOffset _from = from;
    private long _total;

    /// <summary>digest = SHA-256(digest ‖ time in ms, 8 octets big-endian ‖ kind, 1 octet ‖ UTF-8 of the correlation id, its first 16 characters).</summary>
    public void Add(Refusal refusal, DateTimeOffset time)
    {
        Span<byte> input = stackalloc byte[SHA256.HashSizeInBytes + 9 + 64];
        BinaryPrimitives.WriteInt64BigEndian(input[SHA256.HashSizeInBytes..], time.ToUnixTimeMilliseconds());
        input[SHA256.HashSizeInBytes + 8] = (byte)refusal.Problem.Kind;
        Encoding.UTF8.TryGetBytes(refusal.CorrelationId.AsSpan(0, Math.Min(refusal.CorrelationId.Length, 16)), input[(SHA256.HashSizeInBytes + 9)..], out var written);
        lock (_lock)
        {
            _digest.CopyTo(input);
            SHA256.HashData(input[..(SHA256.HashSizeInBytes + 9 + written)], _digest);
            _counts[(int)refusal.Problem.Kind]++;
            _total++;
        }
    }

    /// <summary>What was refused up to now; null when nothing was. It stays counted until <see cref="Settle"/>.</summary>
    public RefusalInterval? Read(DateTimeOffset now)
    {
        lock (_lock)
        {
            return _total == 0 ? null : new RefusalInterval(_from, now, [.. _counts], _total, AuditDetails.Hex(_digest));
        }
    }

    /// <summary>That interval is in the ledger: it is not counted any more. What came meanwhile is.</summary>
    public void Settle(RefusalInterval interval)
    {
        lock (_lock)
        {
            for (var i = 0; i < _counts.Length; i++)
            {
                _counts[i] -= interval.Counts[i];
            }

            (_total, _from) = (_total - interval.Total, interval.To);
        }
    }
}

/// <summary>Refusals of strangers between two instants.</summary>
internal sealed record RefusalInterval(DateTimeOffset From, DateTimeOffset To, ImmutableArray<long> Counts, long Total, string Digest)
{
    public ImmutableSortedDictionary<string, string> ToDetails()
    {
        var details = AuditDetails.Of(
            (AuditDetails.From, AuditDetails.Instant(From)),
            (AuditDetails.To, AuditDetails.Instant(To)),
            (AuditDetails.Total, Total.ToString()),
            (AuditDetails.Digest, Digest)).ToBuilder();
        foreach (var kind in Enum.GetValues<PkiProblemKind>())
        {
            if (Counts[(int)kind] != 0)
            {
                details[$"count.{kind}"] = Counts[(int)kind].ToString();
            }
        }

        return details.ToImmutable();
    }
}
