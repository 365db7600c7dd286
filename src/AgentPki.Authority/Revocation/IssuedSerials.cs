using AgentPki.Authority.Store;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// A filter of every serial number that was issued (Bloom): what it does not know was never issued, and nobody reads the store to find that out. It is filled from the store by
/// stream after a start, and by each commit before its caller is released; until it is full it knows everything.
/// </summary>
/// <remarks>
/// 12 bits for each certificate that it has room for and eight probes: one question in 300 about a serial that was never issued costs a read. Room is made for half as many again as
/// there are, one million at least (1.5 MB); when that is used up, as much again is added: at most 3 octets for each certificate. The hash is keyed by the process, so that nobody makes up serials that meet.
/// </remarks>
public sealed class IssuedSerials
{
    private const int SmallestRoom = 1 << 20;
    private readonly Lock _growing = new();
    private volatile Part[] _parts;
    private volatile bool _isFull;

    /// <param name="count">How many there are.</param>
    public IssuedSerials(long count) => _parts = [new Part(Math.Max(SmallestRoom, count + (count / 2)))];

    /// <summary>Whether everything issued before the start is in it.</summary>
    public bool IsLoaded => _isFull;

    /// <summary>Octets it takes.</summary>
    public long Size => _parts.Sum(p => p.Size);

    /// <summary>False: never issued, by whichever CA.</summary>
    /// <param name="serial">Content octets.</param>
    public bool MayContain(ReadOnlySpan<byte> serial)
    {
        if (!_isFull)
        {
            return true;
        }

        var (first, step) = HashOf(serial);
        foreach (var part in _parts)
        {
            if (part.MayContain(first, step))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One caller adds, beside the one that loads.</summary>
    public void Add(ReadOnlySpan<byte> serial)
    {
        var (first, step) = HashOf(serial);
        var parts = _parts;
        if (parts[^1].Add(first, step))
        {
            return;
        }

        lock (_growing)
        {
            if (ReferenceEquals(_parts, parts))
            {
                _parts = [.. parts, new Part(parts[^1].Room)];
            }
        }

        Add(serial);
    }

    /// <summary>Adds what the store holds.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read: the filter goes on knowing everything.</exception>
    public async Task LoadAsync(ICertificateStore certificates, CancellationToken cancellationToken)
    {
        await foreach (var serial in certificates.ListSerialsAsync(cancellationToken))
        {
            Add(serial);
        }

        _isFull = true;
    }

    private static (uint First, uint Step) HashOf(ReadOnlySpan<byte> serial)
    {
        var (first, second) = (default(HashCode), default(HashCode));
        first.AddBytes(serial);
        second.Add(1);
        second.AddBytes(serial);
        return ((uint)first.ToHashCode(), (uint)second.ToHashCode() | 1);
    }

    private sealed class Part
    {
        private const int BitsEach = 12;
        private const int Probes = 8;
        private readonly ulong[] _words;
        private long _count;

        public Part(long room)
        {
            Room = room;
            _words = new ulong[(room * BitsEach + 63) / 64];
        }

        public long Room { get; }

        public long Size => _words.LongLength * sizeof(ulong);

        /// <summary>False when there is no room.</summary>
        public bool Add(uint first, uint step)
        {
            if (Interlocked.Increment(ref _count) > Room)
            {
                return false;
            }

            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = BitOf(first, step, probe);
                Interlocked.Or(ref _words[bit / 64], 1UL << (int)(bit % 64));
            }

            return true;
        }

        public bool MayContain(uint first, uint step)
        {
            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = BitOf(first, step, probe);
                if ((Volatile.Read(ref _words[bit / 64]) & (1UL << (int)(bit % 64))) == 0)
                {
                    return false;
                }
            }

            return true;
        }

        // 64 bits of hash, stirred anew for each probe (the finalizer of SplitMix64), over the whole of a filter of any size.
        private ulong BitOf(uint first, uint step, int probe)
        {
            var value = (((ulong)first << 32) | step) + ((ulong)probe * 0x9E3779B97F4A7C15);
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            value ^= value >> 31;
            return Math.BigMul(value, (ulong)_words.LongLength * 64, out _);
        }
    }
}
