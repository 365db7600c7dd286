namespace AgentPki.Authority.Acme;

/// <summary>
/// Turns for owners: each may do so much at once, and its further work waits in the order in which it came, so that one owner's ten thousand orders
/// do not stand before another's first.
/// </summary>
internal sealed class OwnerQueue(int concurrent, int waiting)
{
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);

    /// <summary>A turn, given back by disposing it; null: too many of this owner wait already.</summary>
    public async ValueTask<IDisposable?> EnterAsync(string owner, CancellationToken cancellationToken)
    {
        Line line;
        lock (_lines)
        {
            if (!_lines.TryGetValue(owner, out var known))
            {
                _lines.Add(owner, known = new Line(new SemaphoreSlim(concurrent)));
            }

            line = known;
            if (line.Present >= concurrent + waiting)
            {
                return null;
            }

            line.Present++;
        }

        try
        {
            await line.Gate.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Leave(owner, line);
            throw;
        }

        return new Turn(this, owner, line);
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

    private sealed class Line(SemaphoreSlim gate)
    {
        public SemaphoreSlim Gate { get; } = gate;

        public int Present { get; set; }
    }

    private sealed class Turn(OwnerQueue queue, string owner, Line line) : IDisposable
    {
        public void Dispose()
        {
            line.Gate.Release();
            queue.Leave(owner, line);
        }
    }
}
