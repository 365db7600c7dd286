using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Agents.Behaviour;

/// <summary>
/// What an agent has used of late: digests and the agent's day of last use, at most so many, of which the longest unused gives way. Days are those on which the agent was at work: neither its holidays
/// nor a clock that jumps ahead make everything new.
/// </summary>
/// <remarks>Capacities are eight and more. Digests are the first 64 bits of SHA-256: nobody finds a resource that is taken for a known one.</remarks>
internal sealed class RecentSet(int capacity, ushort days)
{
    private const int FirstCapacity = 8;
    private ulong[] _digests = new ulong[FirstCapacity];
    private ushort[] _used = new ushort[FirstCapacity];

    public int Count { get; private set; }

    /// <summary>Remembers it; whether it was new.</summary>
    public bool Add(string name, ushort day)
    {
        var digest = DigestOf(name);
        if (_digests.AsSpan(0, Count).IndexOf(digest) is >= 0 and var known)
        {
            var isForgotten = day - _used[known] > days;
            _used[known] = day;
            return isForgotten;
        }

        if (Count == _digests.Length && Count < capacity)
        {
            Array.Resize(ref _digests, Math.Min(Count * 2, capacity));
            Array.Resize(ref _used, Math.Min(Count * 2, capacity));
        }

        var at = Count < _digests.Length ? Count++ : LongestUnused();
        (_digests[at], _used[at]) = (digest, day);
        return true;
    }

    /// <summary>As <see cref="Load"/> reads it.</summary>
    public void Save(BinaryWriter to)
    {
        to.Write7BitEncodedInt(Count);
        for (var i = 0; i < Count; i++)
        {
            to.Write(_digests[i]);
            to.Write(_used[i]);
        }
    }

    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Load(BinaryReader from)
    {
        Count = from.Read7BitEncodedInt();
        if (Count < 0 || Count > capacity)
        {
            throw new InvalidDataException("more names than are remembered");
        }

        var room = FirstCapacity;
        while (room < Count)
        {
            room = Math.Min(room * 2, capacity);
        }

        (_digests, _used) = (new ulong[room], new ushort[room]);
        for (var i = 0; i < Count; i++)
        {
            (_digests[i], _used[i]) = (from.ReadUInt64(), from.ReadUInt16());
        }
    }

    private int LongestUnused()
    {
        var longest = 0;
        for (var i = 1; i < Count; i++)
        {
            longest = _used[i] < _used[longest] ? i : longest;
        }

        return longest;
    }

    private static ulong DigestOf(string name)
    {
        Span<byte> text = stackalloc byte[512];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.TryGetBytes(name, text, out var length) ? text[..length] : Encoding.UTF8.GetBytes(name), digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest);
    }
}
