using AgentPki.Authority.Store;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>
/// Commits that wait to be shipped. Whoever commits never waits: what is more than the queue may hold is not taken, and the queue is then broken, for what follows would not follow.
/// </summary>
internal sealed class CommitQueue(long capacity) : ICommitFollower
{
    private readonly Lock _lock = new();
    private List<RecordedCommit> _waiting = [];
    private long _octets;
    private DateTimeOffset? _oldest;

    /// <summary>Why nothing more is taken; null: it is.</summary>
    public string? Broken { get; private set; }

    /// <summary>Octets that wait.</summary>
    public long Octets => Volatile.Read(ref _octets);

    /// <summary>Since when the oldest waits; null: none waits.</summary>
    public DateTimeOffset? Oldest
    {
        get
        {
            lock (_lock)
            {
                return _oldest;
            }
        }
    }

    public required TimeProvider Time { get; init; }

    /// <inheritdoc/>
    public void Committed(RecordedCommit commit)
    {
        lock (_lock)
        {
            if (Broken is not null)
            {
                return;
            }

            var size = ShippedCommits.SizeOf(commit);
            if (_octets + size > capacity)
            {
                Break("the target has been too slow, or away, for so long that what waits for it would fill the memory");
                return;
            }

            _waiting.Add(commit);
            _octets += size;
            _oldest ??= Time.GetUtcNow();
        }
    }

    /// <inheritdoc/>
    public void Lost()
    {
        lock (_lock)
        {
            Break("a commit failed in a way that leaves open what the database holds");
        }
    }

    /// <summary>Everything that waits, at most so many octets but one commit at least.</summary>
    public IReadOnlyList<RecordedCommit> Take(long most)
    {
        lock (_lock)
        {
            var (count, size) = (0, 0L);
            while (count < _waiting.Count && (count == 0 || size + ShippedCommits.SizeOf(_waiting[count]) <= most))
            {
                size += ShippedCommits.SizeOf(_waiting[count++]);
            }

            var taken = _waiting.GetRange(0, count);
            _waiting = count == _waiting.Count ? [] : _waiting.GetRange(count, _waiting.Count - count);
            _octets -= size;
            _oldest = _waiting.Count == 0 ? null : _oldest;
            return taken;
        }
    }

    // What waits already is whole and in order: it is still shipped.
    private void Break(string reason) => Broken ??= reason;
}
