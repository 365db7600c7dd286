using System.Globalization;
using System.Runtime.InteropServices;

namespace AgentPki.Pkcs11.Tests.Wrapped.Memory;

/// <summary>Looks for secrets in all the memory of another process that can be read: heaps, stacks, libraries, whatever is mapped.</summary>
internal sealed class MemorySearch
{
    private const int Chunk = 1 << 20, KeySize = 16, Longest = 64;

    private readonly Dictionary<UInt128, List<(MemoryNeedle Needle, int Offset)>> _windows = [];
    private readonly ulong[] _filter = new ulong[1 << 16];

    public MemorySearch(IReadOnlyList<MemoryNeedle> needles)
    {
        foreach (var needle in needles)
        {
            for (var offset = 0; offset + needle.Window <= needle.Secret.Length; offset += needle.Step)
            {
                var key = MemoryMarshal.Read<UInt128>(needle.Secret.AsSpan(offset));
                if (!_windows.TryGetValue(key, out var list))
                {
                    _windows[key] = list = [];
                }

                list.Add((needle, offset));
                var bit = Hash((ulong)key);
                _filter[bit >> 6] |= 1UL << (bit & 63);
            }
        }
    }

    /// <summary>Where each secret was found, by its name: the mapping and the address.</summary>
    public IReadOnlyDictionary<string, string> In(int process)
    {
        var found = new Dictionary<string, string>();
        using var memory = new FileStream($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        var buffer = new byte[Chunk + Longest];
        foreach (var line in File.ReadAllLines($"/proc/{process}/maps"))
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var range = parts[0].Split('-').Select(a => ulong.Parse(a, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
            if (!parts[1].StartsWith('r') || parts.Length > 5 && parts[5] is "[vvar]" or "[vsyscall]" or "[vvar_vclock]")
            {
                continue;
            }

            for (var at = range[0]; at < range[1]; at += Chunk)
            {
                var wanted = (int)Math.Min((ulong)buffer.Length, range[1] - at);
                Search(buffer.AsSpan(0, Read(memory, at, buffer.AsSpan(0, wanted))), at, line, found);
            }
        }

        return found;
    }

    private void Search(ReadOnlySpan<byte> memory, ulong address, string mapping, Dictionary<string, string> found)
    {
        for (var at = 0; at + KeySize <= memory.Length; at++)
        {
            var bit = Hash(MemoryMarshal.Read<ulong>(memory[at..]));
            if ((_filter[bit >> 6] >> (bit & 63) & 1) == 0 || !_windows.TryGetValue(MemoryMarshal.Read<UInt128>(memory[at..]), out var candidates))
            {
                continue;
            }

            foreach (var (needle, offset) in candidates)
            {
                if (memory[at..].StartsWith(needle.Secret.AsSpan(offset, needle.Window)))
                {
                    found.TryAdd(needle.Name, $"octet {offset} at {address + (ulong)at:x} in {mapping}");
                }
            }
        }
    }

    private static int Read(FileStream memory, ulong address, Span<byte> buffer)
    {
        var length = 0;
        try
        {
            while (length < buffer.Length && RandomAccess.Read(memory.SafeFileHandle, buffer[length..], (long)address + length) is > 0 and var octets)
            {
                length += octets;
            }
        }
        catch (IOException)
        {
            // A page that is mapped and cannot be read (beyond the end of a file) ends what there is.
        }

        return length;
    }

    private static int Hash(ulong key) => (int)((key * 0x9E3779B97F4A7C15) >> 42);
}
