using System.Text.Json;
using AgentPki.Ledger.Merkle;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>Where a decision log stands: as it is read when the appliance starts.</summary>
internal sealed record JournalState(long Sequence, MerkleHash Head, List<MerkleHash> Unanchored, long FirstUnanchored, long LastDecision)
{
    public static JournalState Start => new(0, MerkleTree.EmptyRoot, [], 1, 0);

    /// <summary>Whether a line, or its members without number and predecessor, is a decision.</summary>
    public static bool IsDecision(ReadOnlySpan<byte> line) => line.IndexOf("\"kind\":\"decision\""u8) is >= 0 and < 128;

    /// <summary>Cuts off a last line that was not written to its end, and finds what the ledger may not know.</summary>
    public static async Task<JournalState> ReadAsync(IReadOnlyList<(int Number, string Path)> segments, ILogger logger, CancellationToken cancellationToken)
    {
        // From the newest segment back to the one that has the first line which is not anchored.
        var from = segments.Count - 1;
        var (state, wanted) = await ReadAsync(segments.Skip(from), 1, logger, cancellationToken);
        while (from > 0 && state.Sequence - state.Unanchored.Count >= wanted)
        {
            from--;
            (state, wanted) = await ReadAsync(segments.Skip(from), wanted, logger, cancellationToken);
        }

        return state;
    }

    /// <returns>The state, and the number of the first line that is not anchored as far as these segments say.</returns>
    private static async Task<(JournalState State, long Wanted)> ReadAsync(IEnumerable<(int Number, string Path)> segments, long unanchored, ILogger logger, CancellationToken cancellationToken)
    {
        var (sequence, head) = (0L, MerkleTree.EmptyRoot);
        var decision = 0L;
        var hashes = new List<(long Sequence, MerkleHash Hash)>();
        foreach (var (_, path) in segments)
        {
            var end = 0L;
            await foreach (var (line, lineEnd) in JournalSegments.ReadAsync(path, cancellationToken))
            {
                end = lineEnd;
                head = MerkleTree.HashLeaf(line);
                sequence = JournalLine.TryRead(line, out var number, out _) ? number : sequence + 1;
                hashes.Add((sequence, head));
                decision = IsDecision(line) ? sequence : decision;
                unanchored = Math.Max(unanchored, AnchoredBy(line));
            }

            Cut(path, end, logger);
        }

        var kept = hashes.Where(h => h.Sequence >= unanchored).Select(h => h.Hash).ToList();
        return (new JournalState(sequence, head, kept, sequence - kept.Count + 1, decision), unanchored);
    }

    /// <summary>The number of the first line that is not anchored, as a line says; 0: it says nothing of that.</summary>
    private static long AnchoredBy(byte[] line)
    {
        if (line.AsSpan().IndexOf("\"kind\":\"anchor\""u8) < 0 && line.AsSpan().IndexOf("\"kind\":\"segment\""u8) < 0)
        {
            return 0;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return root.GetProperty("kind").GetString() switch
            {
                "anchor" => root.GetProperty("last").GetInt64() + 1,
                "segment" => root.GetProperty("unanchored").GetInt64(),
                _ => 0,
            };
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return 0;
        }
    }

    private static void Cut(string path, long end, ILogger logger)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        if (file.Length > end)
        {
            Log.TailCut(logger, file.Length - end);
            file.SetLength(end);
            file.Flush(flushToDisk: true);
        }
    }
}
