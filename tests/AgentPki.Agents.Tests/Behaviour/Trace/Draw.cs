namespace AgentPki.Agents.Tests.Behaviour.Trace;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed on every machine.</summary>
internal sealed class Draw(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public int Between(int least, int most) => least + (int)(Next() % (ulong)(most - least + 1));

    /// <summary>True so many times of a thousand.</summary>
    public bool Chance(int perMille) => Next() % 1000 < (ulong)perMille;

    /// <summary>Small numbers more often.</summary>
    public int Skewed(int count) => Between(0, Between(0, count - 1));

    /// <summary>A sequence of its own, so that one agent's days do not change with another's.</summary>
    public Draw Fork() => new(Next());
}
