using System.Collections.Concurrent;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Signed answers by the octets of the request. An entry counts only while the revocation epoch is the one it was made in: a revocation
/// empties the whole cache at the moment of its commit, without touching it.
/// </summary>
internal sealed class OcspCache(int capacity)
{
    private const int LongestKey = 1024;
    private readonly ConcurrentDictionary<OctetKey, Entry> _entries = new();

    private sealed record Entry(OcspAnswer Answer, long Epoch, DateTimeOffset Until);

    public OcspAnswer? Find(ReadOnlyMemory<byte> request, long epoch, DateTimeOffset now) =>
        _entries.TryGetValue(new OctetKey(request), out var entry) && entry.Epoch == epoch && now < entry.Until ? entry.Answer : null;

    /// <param name="until">When a newer answer is wanted, before this one ends.</param>
    public void Add(ReadOnlyMemory<byte> request, OcspAnswer answer, long epoch, DateTimeOffset until)
    {
        if (request.Length > LongestKey)
        {
            return;
        }

        // Rarely, and all at once: what is asked often is back within a moment.
        if (_entries.Count >= capacity)
        {
            _entries.Clear();
        }

        _entries[new OctetKey(request.ToArray())] = new Entry(answer, epoch, until);
    }

    private readonly struct OctetKey(ReadOnlyMemory<byte> octets) : IEquatable<OctetKey>
    {
        private readonly ReadOnlyMemory<byte> _octets = octets;

        public bool Equals(OctetKey other) => _octets.Span.SequenceEqual(other._octets.Span);

        public override bool Equals(object? obj) => obj is OctetKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(_octets.Span);
            return hash.ToHashCode();
        }
    }
}
