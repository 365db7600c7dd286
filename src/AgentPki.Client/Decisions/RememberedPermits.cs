namespace AgentPki.Client.Decisions;

/// <summary>A permission that may be relied on when the appliance cannot be asked.</summary>
/// <param name="Asked">The clock's timestamp of before it was asked for: what has passed since is never taken for less.</param>
/// <param name="AskedAt">The same by the wall clock.</param>
/// <param name="Lasts">For how long it may be relied on from then.</param>
internal sealed record RememberedPermit(long Asked, DateTimeOffset AskedAt, TimeSpan Lasts, DecisionAnswer Answer);

/// <summary>
/// The newest answer to each question, where it was a permission that may be relied on; bounded. Answers overtake each other on the way: a permission that was asked for before anything else was answered to the same question is not kept.
/// </summary>
internal sealed class RememberedPermits(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _byQuestion = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _oldestFirst = [];
    private readonly Dictionary<string, Asking> _asking = new(StringComparer.Ordinal);
    private long _turn;
    private long _forgotAll;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byQuestion.Count;
            }
        }
    }

    /// <summary>Before a question is sent; <see cref="End"/> goes with it.</summary>
    public long Begin(string question)
    {
        lock (_gate)
        {
            if (!_asking.TryGetValue(question, out var asking))
            {
                _asking[question] = asking = new Asking();
            }

            asking.Count++;
            return ++_turn;
        }
    }

    public void End(string question)
    {
        lock (_gate)
        {
            if (_asking.TryGetValue(question, out var asking) && --asking.Count == 0)
            {
                _asking.Remove(question);
            }
        }
    }

    /// <summary>Between <see cref="Begin"/>, whose result is <paramref name="turn"/>, and <see cref="End"/>.</summary>
    public void Remember(string question, long turn, RememberedPermit permit)
    {
        lock (_gate)
        {
            if (turn < _forgotAll || (_asking.TryGetValue(question, out var asking) && turn < asking.Forgot) || (_byQuestion.TryGetValue(question, out var known) && turn < known.Value.Turn))
            {
                return;
            }

            Remove(question);
            _byQuestion[question] = _oldestFirst.AddLast(new Entry(question, turn, permit));
            if (_byQuestion.Count > capacity && _oldestFirst.First is { } oldest)
            {
                Remove(oldest.Value.Question);
            }
        }
    }

    /// <summary>It was answered otherwise: nothing of before may be relied on, nor what is still under way.</summary>
    public void Forget(string question)
    {
        lock (_gate)
        {
            Remove(question);
            if (_asking.TryGetValue(question, out var asking))
            {
                asking.Forgot = ++_turn;
            }
        }
    }

    /// <summary>Who asks may not ask any more.</summary>
    public void ForgetAll()
    {
        lock (_gate)
        {
            _byQuestion.Clear();
            _oldestFirst.Clear();
            _forgotAll = ++_turn;
        }
    }

    public RememberedPermit? Find(string question)
    {
        lock (_gate)
        {
            return _byQuestion.TryGetValue(question, out var found) ? found.Value.Permit : null;
        }
    }

    private void Remove(string question)
    {
        if (_byQuestion.Remove(question, out var entry))
        {
            _oldestFirst.Remove(entry);
        }
    }

    private sealed record Entry(string Question, long Turn, RememberedPermit Permit);

    private sealed class Asking
    {
        public int Count { get; set; }

        public long Forgot { get; set; }
    }
}
