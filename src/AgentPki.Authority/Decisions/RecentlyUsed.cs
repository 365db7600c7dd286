using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Authority.Decisions;

/// <summary>
/// A bounded memory by name. Two halves: what is asked for moves into the younger; when that is full, the older one goes as a whole and the younger becomes it.
/// So what is in use stays, without a list that every reader would have to lock.
/// </summary>
/// <param name="capacity">At most so many are kept (at moments a few more, by threads that add at once).</param>
internal sealed class RecentlyUsed<T>(int capacity)
    where T : class
{
    private readonly Lock _turning = new();
    private ConcurrentDictionary<string, T> _young = new(StringComparer.Ordinal);
    private ConcurrentDictionary<string, T> _old = new(StringComparer.Ordinal);
    private int _added;

    public bool TryGet(string name, [NotNullWhen(true)] out T? value)
    {
        if (Volatile.Read(ref _young).TryGetValue(name, out value))
        {
            return true;
        }

        if (!Volatile.Read(ref _old).TryGetValue(name, out value))
        {
            return false;
        }

        // Not over what another thread has read anew meanwhile.
        if (Volatile.Read(ref _young).TryAdd(name, value))
        {
            Grown();
        }

        return true;
    }

    public void Put(string name, T value)
    {
        var young = Volatile.Read(ref _young);
        if (young.TryAdd(name, value))
        {
            Grown();
        }
        else
        {
            young[name] = value;
        }
    }

    private void Grown()
    {
        if (Interlocked.Increment(ref _added) < Math.Max(1, capacity / 2))
        {
            return;
        }

        lock (_turning)
        {
            if (Volatile.Read(ref _added) >= Math.Max(1, capacity / 2))
            {
                Volatile.Write(ref _old, _young);
                Volatile.Write(ref _young, new ConcurrentDictionary<string, T>(StringComparer.Ordinal));
                Volatile.Write(ref _added, 0);
            }
        }
    }
}
