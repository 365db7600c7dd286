using System.Runtime.InteropServices;

namespace AgentPki.Ledger.Revocations;

/// <summary>Sorts members in bounded memory: what is more than a chunk goes, sorted, to a temporary file without a name, and is merged from there.</summary>
/// <param name="chunk">Members held in memory; 8 octets each.</param>
internal sealed class MemberSorter(int chunk) : IDisposable
{
    private const int BufferedMembers = 8 * 1024;
    private readonly List<ulong> _members = [];
    private readonly List<(long Start, int Count)> _runs = [];
    private FileStream? _spilled;

    public long Count { get; private set; }

    public void Add(ulong member)
    {
        if (_members.Count == chunk)
        {
            Spill();
        }

        _members.Add(member);
        Count++;
    }

    /// <summary>All of them, rising, what was added twice twice.</summary>
    public IEnumerable<ulong> Sorted()
    {
        _members.Sort();
        if (_spilled is null)
        {
            return _members;
        }

        _spilled.Flush();
        return Merge(_spilled);
    }

    public void Dispose() => _spilled?.Dispose();

    private IEnumerable<ulong> Merge(FileStream file)
    {
        var queue = new PriorityQueue<IEnumerator<ulong>, ulong>();
        foreach (var run in _runs.Select(r => ReadRun(file, r.Start, r.Count)).Append(_members))
        {
            var members = run.GetEnumerator();
            if (members.MoveNext())
            {
                queue.Enqueue(members, members.Current);
            }
        }

        while (queue.TryDequeue(out var members, out var least))
        {
            yield return least;
            if (members.MoveNext())
            {
                queue.Enqueue(members, members.Current);
            }
        }
    }

    private static IEnumerable<ulong> ReadRun(FileStream file, long start, int count)
    {
        var buffer = new ulong[BufferedMembers];
        for (var done = 0; done < count;)
        {
            var wanted = Math.Min(buffer.Length, count - done);
            file.Position = start + ((long)done * sizeof(ulong));
            file.ReadExactly(MemoryMarshal.AsBytes(buffer.AsSpan(0, wanted)));
            for (var i = 0; i < wanted; i++)
            {
                yield return buffer[i];
            }

            done += wanted;
        }
    }

    private void Spill()
    {
        _spilled ??= new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose });
        _members.Sort();
        _spilled.Position = _spilled.Length;
        _runs.Add((_spilled.Position, _members.Count));
        _spilled.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_members)));
        _members.Clear();
    }
}
