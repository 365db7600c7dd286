using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using AgentPki.Ledger.Merkle;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>What is to be put into the ledger: these lines, their tree's root, and the last one's hash.</summary>
/// <param name="First">The number of the first line.</param>
public sealed record JournalBatch(long First, long Count, MerkleHash Root, MerkleHash Head)
{
    public long Last => First + Count - 1;
}

/// <summary>
/// This node's decision log: files that are only ever appended to. One thread writes: what arrived while the last lines were being written goes to the disk together, and only then are
/// their callers released. So a decision that somebody acted upon is written down, whatever happens next.
/// </summary>
public sealed class DecisionJournal : IAsyncDisposable
{
    private const int MaximumBatch = 1024;
    private const int LongestPrefix = 128;
    private readonly JournalOptions _options;
    private readonly ILogger _logger;
    private readonly Channel<Pending> _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(16 * 1024) { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly List<MerkleHash> _unanchored;
    private Task _running = Task.CompletedTask;
    private FileStream _file;
    private int _segment;
    private long _sequence;
    private long _firstUnanchored;
    private long _lastDecision;
    private MerkleHash _head;
    private volatile string? _problem;

    private DecisionJournal(JournalOptions options, string node, FileStream file, int segment, JournalState state, ILogger logger)
    {
        (_options, Node, _file, _segment, _logger) = (options, node, file, segment, logger);
        (_sequence, _head, _unanchored, _firstUnanchored, _lastDecision) = (state.Sequence, state.Head, state.Unanchored, state.FirstUnanchored, state.LastDecision);
    }

    /// <summary>How this node is named: 16 hexadecimal digits, in the file <c>node</c>.</summary>
    public string Node { get; }

    /// <summary>Why nothing can be written down, as a sentence; null: it can.</summary>
    public string? Problem => _problem;

    /// <summary>Lines that are not in the ledger yet.</summary>
    public long Unanchored
    {
        get
        {
            lock (_gate)
            {
                return _unanchored.Count;
            }
        }
    }

    /// <exception cref="IOException">The folder cannot be made, read or written.</exception>
    public static async Task<DecisionJournal> OpenAsync(JournalOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        CreateFolder(options.Folder);
        var node = NodeOf(options.Folder);
        var segments = JournalSegments.List(options.Folder);
        var state = segments.Count == 0 ? JournalState.Start : await JournalState.ReadAsync(segments, logger, cancellationToken);
        var number = segments.Count == 0 ? 1 : segments[^1].Number;
        var journal = new DecisionJournal(options, node, Open(JournalSegments.PathOf(options.Folder, number)), number, state, logger);
        if (segments.Count == 0 || journal._file.Length == 0)
        {
            journal.WriteNow([journal.SegmentLine()]);
        }

        journal._running = Task.Factory.StartNew(journal.RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        return journal;
    }

    /// <summary>Writes a line, on the disk when this returns.</summary>
    /// <param name="members">What follows number and predecessor: members of a JSON object and its end.</param>
    /// <exception cref="JournalUnavailableException">It was not written.</exception>
    public async ValueTask AppendAsync(byte[] members, CancellationToken cancellationToken)
    {
        if (Unanchored >= _options.MaximumUnanchored)
        {
            throw new JournalUnavailableException($"The decision log is {_options.MaximumUnanchored} records ahead of the ledger; the store must be writable again first.");
        }

        if (members.Length > JournalSegments.MaximumLine - LongestPrefix)
        {
            // Whoever reads the log would stop there, the next start of this node too.
            throw new JournalUnavailableException($"A record of {members.Length} octets is longer than a line of the decision log may be.");
        }

        var pending = new Pending(members, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellationToken);
        }
        catch (ChannelClosedException error)
        {
            throw new JournalUnavailableException("The appliance is stopping.", error);
        }

        await pending.Written.Task;
    }

    /// <summary>What the ledger does not know yet; null: it knows every decision.</summary>
    public JournalBatch? FindUnanchored()
    {
        MerkleHash[] hashes;
        long first;
        lock (_gate)
        {
            // What only says that something was anchored is no reason for another anchor.
            if (_lastDecision < _firstUnanchored)
            {
                return null;
            }

            (hashes, first) = ([.. _unanchored], _firstUnanchored);
        }

        var tree = new MerkleFrontier();
        foreach (var hash in hashes)
        {
            tree.Append(hash);
        }

        return new JournalBatch(first, hashes.Length, tree.Root(), hashes[^1]);
    }

    /// <summary>From now on the ledger has that batch, as its entry <paramref name="leafIndex"/>. The line that says so is not anchored by itself: it waits for the next batch.</summary>
    public async ValueTask AnchoredAsync(JournalBatch batch, long leafIndex, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_firstUnanchored == batch.First)
            {
                _unanchored.RemoveRange(0, (int)batch.Count);
                _firstUnanchored += batch.Count;
            }
        }

        await AppendAsync(Encoding.ASCII.GetBytes($"\"kind\":\"anchor\",\"first\":{batch.First},\"last\":{batch.Last},\"leaf\":{leafIndex}}}"), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running;
        await _file.DisposeAsync();
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static FileStream Open(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private static string NodeOf(string folder)
    {
        var file = Path.Combine(folder, "node");
        if (!File.Exists(file))
        {
            var staged = file + ".new";
            File.WriteAllText(staged, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
            File.Move(staged, file);
        }

        return File.ReadAllText(file).Trim();
    }

    private async Task RunAsync()
    {
        var batch = new List<Pending>(MaximumBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaximumBatch && _queue.Reader.TryRead(out var pending))
            {
                batch.Add(pending);
            }

            try
            {
                if (_file.Position >= _options.SegmentOctets)
                {
                    Roll();
                }

                WriteNow([.. batch.Select(p => p.Members)]);
                if (_problem is not null)
                {
                    _problem = null;
                    Log.JournalRecovered(_logger);
                }

                batch.ForEach(p => p.Written.SetResult());
            }
#pragma warning disable CA1031 // Whatever it was: those who wait are told, and the next batch is tried.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                if (_problem is null)
                {
                    Log.JournalFailed(_logger, failure.Message);
                }

                _problem = $"decisions cannot be written down: {failure.Message}";
                batch.ForEach(p => p.Written.SetException(new JournalUnavailableException("The decision cannot be written down.", failure)));
            }
        }
    }

    private byte[] SegmentLine() => Encoding.ASCII.GetBytes($"\"kind\":\"segment\",\"node\":\"{Node}\",\"segment\":{_segment},\"unanchored\":{_firstUnanchored}}}");

    private void Roll()
    {
        var next = Open(JournalSegments.PathOf(_options.Folder, _segment + 1));
        _file.Dispose();
        (_file, _segment) = (next, _segment + 1);
        WriteNow([SegmentLine()]);
    }

    // All of them or none: a line that is cut short is taken back before anything else is written.
    private void WriteNow(IReadOnlyList<byte[]> lines)
    {
        var (sequence, head, start) = (_sequence, _head, _file.Position);
        var hashes = new List<MerkleHash>(lines.Count);
        var decision = 0L;
        using var octets = new MemoryStream(lines.Sum(l => l.Length + 128));
        foreach (var members in lines)
        {
            var from = (int)octets.Length;
            octets.Write(JournalLine.Prefix(++sequence, head));
            octets.Write(members);
            head = MerkleTree.HashLeaf(octets.GetBuffer().AsSpan(from, (int)octets.Length - from));
            hashes.Add(head);
            decision = JournalState.IsDecision(members) ? sequence : decision;
            octets.WriteByte((byte)'\n');
        }

        try
        {
            _file.Write(octets.GetBuffer(), 0, (int)octets.Length);
            if (_options.IsDurable)
            {
                RandomAccess.FlushToDisk(_file.SafeFileHandle);
            }
        }
        catch
        {
            _file.SetLength(start);
            _file.Position = start;
            throw;
        }

        lock (_gate)
        {
            _unanchored.AddRange(hashes);
            _lastDecision = Math.Max(_lastDecision, decision);
        }

        (_sequence, _head) = (sequence, head);
    }

    private sealed record Pending(byte[] Members, TaskCompletionSource Written);
}
