namespace AgentPki.Agents.Behaviour;

/// <summary>
/// One thing about one agent that is counted: how many in the window that is now, and which peak is usual. Each window in which the agent was at work teaches, with the peak of its count: quickly
/// upwards, slowly downwards. A window in which there was a finding teaches nothing, so that an attack does not become usual by going on.
/// </summary>
internal sealed class Meter
{
    /// <summary>So many windows teach their greatest peak, before anything is averaged.</summary>
    private const ushort FirstWindows = 8;
    private const float Upwards = 0.25f;

    private readonly WindowCount _count = new();
    private long _window;
    private long _quietUntil;
    private uint _peak;
    private ushort _learnt;
    private byte _unlearnt;

    public float Usual { get; private set; }

    public uint Count => _count.Total;

    /// <summary>The agent is at work at that second: a window that is over is learnt from.</summary>
    public void AdvanceTo(long second, DetectorRule rule)
    {
        var slot = SlotOf(second, rule);
        if (slot / WindowCount.Slots is var window && window != _window)
        {
            Learn(rule.Memory);
            _window = window;
        }

        _count.AdvanceTo(slot);
        _peak = Math.Max(_peak, _count.Total);
    }

    public void Add()
    {
        _count.Add();
        _peak = Math.Max(_peak, _count.Total);
    }

    /// <summary>The clock was set back: what was counted by the old one is dropped, what is usual stays.</summary>
    public void RestartAt(long second, DetectorRule rule)
    {
        var slot = SlotOf(second, rule);
        _count.RestartAt(slot);
        (_window, _peak, _unlearnt, _quietUntil) = (slot / WindowCount.Slots, 0, 0, 0);
    }

    /// <summary>Whether that is a finding; once found, the same is not found again for one window.</summary>
    /// <param name="isKnown">Whether the agent has been at work long enough for anything to be called unusual.</param>
    /// <param name="requests">All requests in the same window.</param>
    public bool Finds(long second, DetectorRule rule, bool isKnown, uint requests, out bool overBound)
    {
        var count = _count.Total;
        overBound = count >= rule.Bound;
        if (second < _quietUntil || count < rule.Share * requests || !(overBound || (isKnown && count >= rule.AtLeast && count > rule.Factor * Usual)))
        {
            return false;
        }

        // What is counted now is in the sliding count of the next window too.
        (_unlearnt, _quietUntil) = (2, second + (long)rule.Window.TotalSeconds);
        return true;
    }

    /// <summary>As <see cref="Load"/> reads it.</summary>
    public void Save(BinaryWriter to)
    {
        _count.Save(to);
        to.Write7BitEncodedInt64(_window);
        to.Write7BitEncodedInt64(_quietUntil);
        to.Write7BitEncodedInt64(_peak);
        to.Write(_learnt);
        to.Write(_unlearnt);
        to.Write(Usual);
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Load(BinaryReader from)
    {
        _count.Load(from);
        (_window, _quietUntil, _peak) = (from.Read7BitEncodedInt64(), from.Read7BitEncodedInt64(), checked((uint)from.Read7BitEncodedInt64()));
        (_learnt, _unlearnt, Usual) = (from.ReadUInt16(), from.ReadByte(), from.ReadSingle());
        if (!float.IsFinite(Usual) || Usual < 0 || _quietUntil < 0)
        {
            throw new InvalidDataException("a peak that is none");
        }
    }

    private void Learn(ushort memory)
    {
        if (_unlearnt > 0)
        {
            _unlearnt--;
        }
        else
        {
            Usual = _learnt < FirstWindows ? Math.Max(Usual, _peak) : Usual + ((_peak - Usual) * (_peak > Usual ? Upwards : 1f / memory));
            _learnt = (ushort)Math.Min(_learnt + 1, ushort.MaxValue);
        }

        _peak = 0;
    }

    private static long SlotOf(long second, DetectorRule rule) => second / Math.Max(1, (long)rule.Window.TotalSeconds / WindowCount.Slots);
}
