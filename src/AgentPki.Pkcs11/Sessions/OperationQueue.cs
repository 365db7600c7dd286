using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// A bounded first-in-first-out queue between many callers and the session threads. An enqueue takes no lock while all threads are busy, which is when
/// there is something to win.
/// </summary>
internal sealed class OperationQueue(int capacity)
{
    private readonly ConcurrentQueue<TokenOperation> _items = new();
    private readonly object _gate = new();
    private int _count;
    private int _sleeping;
    private bool _closed;

    public int Count => Volatile.Read(ref _count);

    /// <summary>What waits now; a snapshot.</summary>
    public IEnumerable<TokenOperation> Waiting => _items;

    /// <summary>False when the queue is full or closed.</summary>
    public bool TryEnqueue(TokenOperation operation)
    {
        if (Volatile.Read(ref _closed))
        {
            return false;
        }

        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        _items.Enqueue(operation);
        // The full fence pairs with the one in TryTake: either we see the sleeper, or the sleeper sees the operation.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) > 0)
        {
            lock (_gate)
            {
                Monitor.Pulse(_gate);
            }
        }

        return true;
    }

    /// <summary>Waits for an operation. False when the queue was closed and is empty, or <paramref name="leave"/> says so.</summary>
    public bool TryTake([NotNullWhen(true)] out TokenOperation? operation, Func<bool> leave)
    {
        while (true)
        {
            if (_items.TryDequeue(out operation))
            {
                Interlocked.Decrement(ref _count);
                return true;
            }

            lock (_gate)
            {
                if (_closed || leave())
                {
                    return false;
                }

                Interlocked.Increment(ref _sleeping);
                if (_items.IsEmpty)
                {
                    Monitor.Wait(_gate);
                }

                Interlocked.Decrement(ref _sleeping);
            }
        }
    }

    /// <summary>No more operations; threads end when the rest is done.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Volatile.Write(ref _closed, true);
            Monitor.PulseAll(_gate);
        }
    }
}
