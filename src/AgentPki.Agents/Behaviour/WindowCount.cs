namespace AgentPki.Agents.Behaviour;

/// <summary>How many there were in the last window: twelve slots, of which the oldest falls out as time goes on, so that the count is of eleven to twelve twelfths of the window.</summary>
internal sealed class WindowCount
{
    public const int Slots = 12;

    private readonly uint[] _ring = new uint[Slots];
    private long _slot;

    public uint Total { get; private set; }

    /// <summary>Time goes on to that slot; it never goes back.</summary>
    public void AdvanceTo(long slot)
    {
        if (slot - _slot >= Slots)
        {
            Array.Clear(_ring);
            Total = 0;
        }
        else
        {
            for (var at = _slot + 1; at <= slot; at++)
            {
                ref var gone = ref _ring[(int)(at % Slots)];
                Total -= gone;
                gone = 0;
            }
        }

        _slot = slot;
    }

    public void Add()
    {
        if (Total < uint.MaxValue)
        {
            _ring[(int)(_slot % Slots)]++;
            Total++;
        }
    }

    /// <summary>As <see cref="Load"/> reads it.</summary>
    public void Save(BinaryWriter to)
    {
        to.Write7BitEncodedInt64(_slot);
        to.Write7BitEncodedInt64(Total);
        foreach (var count in Total == 0 ? [] : _ring)
        {
            to.Write7BitEncodedInt64(count);
        }
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Load(BinaryReader from)
    {
        _slot = from.Read7BitEncodedInt64();
        var total = from.Read7BitEncodedInt64();
        long sum = 0;
        for (var at = 0; total != 0 && at < Slots; at++)
        {
            sum += _ring[at] = checked((uint)from.Read7BitEncodedInt64());
        }

        if (_slot < 0 || total != sum || total is < 0 or > uint.MaxValue)
        {
            throw new InvalidDataException("a count that is none");
        }

        Total = (uint)total;
    }

    public void RestartAt(long slot)
    {
        Array.Clear(_ring);
        (Total, _slot) = (0, slot);
    }
}
