using System.Collections.Concurrent;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Signed answers by the octets of the request. One counts at once while the revocation epoch is the one it was made or last looked at in; after any revocation it is looked at
/// again, by what it says, before it is served once more.
/// </summary>
internal sealed class OcspCache(int capacity)
{
    private const int LongestKey = 1024;
    private readonly ConcurrentDictionary<OctetKey, KeptAnswer> _entries = new();

    public KeptAnswer? Find(ReadOnlyMemory<byte> request) => _entries.GetValueOrDefault(new OctetKey(request));

    public void Add(ReadOnlyMemory<byte> request, KeptAnswer answer)
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

        _entries[new OctetKey(request.ToArray())] = answer;
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

/// <summary>What was found of one certificate that was asked about.</summary>
/// <param name="Serial">Content octets.</param>
/// <param name="Status">Null: not issued by the responder's CA.</param>
internal sealed record FoundStatus(ReadOnlyMemory<byte> Serial, CertificateStatus? Status);

/// <summary>An answer with what it rests on.</summary>
/// <param name="until">When a newer one is wanted, before it ends.</param>
/// <param name="epoch">The revocation epoch in which it was true.</param>
internal sealed class KeptAnswer(OcspAnswer answer, OcspResponder responder, IReadOnlyList<FoundStatus> found, DateTimeOffset until, long epoch)
{
    private long _epoch = epoch;

    public OcspAnswer Answer => answer;

    public OcspResponder Responder => responder;

    public IReadOnlyList<FoundStatus> Found => found;

    /// <summary>Whether it is of that time: not one that a clock that was ahead has dated, nor one of which a newer is wanted.</summary>
    public bool IsFresh(DateTimeOffset now) => answer.ProducedAt <= now && now < until;

    /// <summary>Whether it says of that time what it says.</summary>
    public bool IsValid(DateTimeOffset now) => answer.ProducedAt <= now && now < answer.NextUpdate;

    public long Epoch
    {
        get => Volatile.Read(ref _epoch);
        set => Volatile.Write(ref _epoch, value);
    }
}
