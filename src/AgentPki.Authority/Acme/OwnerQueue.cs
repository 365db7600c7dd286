namespace AgentPki.Authority.Acme;

/// <summary>
/// Turns for owners: each may do so much at once, and its further work waits in the order in which it came, so that one owner's ten thousand orders
/// do not stand before another's first; and each may have so much waiting, so that one owner's do not fill the room of all.
/// </summary>
internal sealed class OwnerQueue(int concurrent, int waiting)
{
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);

    /// <summary>A place in the owner's line, given back by disposing it; null: too many of this owner wait already.</summary>
    public Place? TryJoin(string owner)
    {
        lock (_lines)
        {
            if (!_lines.TryGetValue(owner, out var line))
            {
                _lines.Add(owner, line = new Line(new SemaphoreSlim(concurrent)));
            }

            if (line.Present >= concurrent + waiting)
            {
                return null;
            }

            line.Present++;
            return new Place(this, owner, line);
        }
    }

    /// <summary>A turn, given back by disposing it; null: too many of this owner wait already.</summary>
    public async ValueTask<Place?> EnterAsync(string owner, CancellationToken cancellationToken)
    {
        if (TryJoin(owner) is not { } place)
        {
            return null;
        }

        try
        {
            await place.TurnAsync(cancellationToken);
            return place;
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    private void Leave(string owner, Line line)
    {
        lock (_lines)
        {
            // An owner nobody of whom is here costs nothing.
            if (--line.Present == 0)
            {
                _lines.Remove(owner);
                line.Gate.Dispose();
            }
        }
    }

    internal sealed class Line(SemaphoreSlim gate)
    {
        public SemaphoreSlim Gate { get; } = gate;

        public int Present { get; set; }
    }

    /// <summary>One piece of work in its owner's line.</summary>
    internal sealed class Place(OwnerQueue queue, string owner, Line line) : IDisposable
    {
        private bool _hasTurn;
        private int _left;

        /// <summary>Waits until it is this one's turn.</summary>
        public async ValueTask TurnAsync(CancellationToken cancellationToken)
        {
            await line.Gate.WaitAsync(cancellationToken);
            _hasTurn = true;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) != 0)
            {
                return;
            }

            if (_hasTurn)
            {
                line.Gate.Release();
            }

            queue.Leave(owner, line);
        }
    }
}
