using System.Collections.Concurrent;

namespace AgentPki.Authority.Commit;

/// <summary>
/// When each agent and certificate last changed, as numbers that rise: of those that changed of late by name, of all others one bound that is not below the truth.
/// So whoever remembers one keeps it while others change. One thread marks; any may ask.
/// </summary>
internal sealed class ChangeMarks(int capacity)
{
    private readonly ConcurrentDictionary<string, long> _byName = new(StringComparer.Ordinal);

    // What is not in _byName did not change after this.
    private long _floor;

    public static string NameOf(string authority, ReadOnlySpan<byte> serial) => $"{authority}\n{Convert.ToHexStringLower(serial)}";

    /// <summary>The number of the last change of what has that name, or a later one.</summary>
    public long Of(string name) => _byName.TryGetValue(name, out var number) ? Math.Max(number, Volatile.Read(ref _floor)) : Volatile.Read(ref _floor);

    public void Mark(string name, long number)
    {
        if (_byName.Count >= capacity)
        {
            MarkAll(number);
            return;
        }

        _byName[name] = number;
    }

    /// <summary>Anything may have changed.</summary>
    public void MarkAll(long number)
    {
        // The bound first: who asks in between is told too much, never too little.
        Volatile.Write(ref _floor, number);
        _byName.Clear();
    }
}
