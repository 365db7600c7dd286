namespace AgentPki.Protocols.Acme.Nonces;

/// <summary>Which of the last numbers that were given out were taken back: one bit each, in a ring.</summary>
/// <remarks>
/// A lock of a few nanoseconds, not atomic operations on the bits: the bit of a number and that of the one a whole window later are the same, and giving out the
/// later one must not let the earlier one, being taken back at that moment, set or find a bit that is no longer its own.
/// </remarks>
internal sealed class NonceWindow(int size)
{
    private readonly ulong[] _taken = new ulong[size / 64];
    private readonly Lock _lock = new();
    private long _given;

    /// <summary>The next number: 1, 2, 3, …</summary>
    public long Give()
    {
        lock (_lock)
        {
            var number = ++_given;
            _taken[Word(number)] &= ~Bit(number);
            return number;
        }
    }

    /// <summary>Takes a number back that was given out; accepted once, and only while it is among the last ones.</summary>
    public NonceVerdict Take(long number)
    {
        lock (_lock)
        {
            if (number <= _given - size)
            {
                return NonceVerdict.Expired;
            }

            ref var word = ref _taken[Word(number)];
            var first = (word & Bit(number)) == 0;
            word |= Bit(number);
            return first ? NonceVerdict.Accepted : NonceVerdict.Replayed;
        }
    }

    private int Word(long number) => (int)(number % size / 64);

    private static ulong Bit(long number) => 1UL << (int)(number % 64);
}
