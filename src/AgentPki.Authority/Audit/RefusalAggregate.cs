using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Audit;

/// <summary>
/// Refusals of strangers within one interval: a count per kind, and one running digest over every single one, so that a log line shown
/// later can be checked against the ledger. Its size does not depend on how many there were.
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

    /// <summary>The details of the interval's entry, and a new interval; null when nothing was refused.</summary>
    public ImmutableSortedDictionary<string, string>? Take(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_total == 0)
            {
                _from = now;
                return null;
            }

            var details = AuditDetails.Of(
                (AuditDetails.From, AuditDetails.Instant(_from)),
                (AuditDetails.To, AuditDetails.Instant(now)),
                (AuditDetails.Total, _total.ToString()),
                (AuditDetails.Digest, AuditDetails.Hex(_digest))).ToBuilder();
            foreach (var kind in Enum.GetValues<PkiProblemKind>())
            {
                if (_counts[(int)kind] != 0)
                {
                    details[$"count.{kind}"] = _counts[(int)kind].ToString();
                }
            }

            Array.Clear(_counts);
            Array.Clear(_digest);
            (_total, _from) = (0, now);
            return details.ToImmutable();
        }
    }
}
