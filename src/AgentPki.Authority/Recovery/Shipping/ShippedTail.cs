using System.Globalization;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>What was shipped after a base: its segments, verified to be all of them and in order.</summary>
public sealed class ShippedTail
{
    private readonly IReadOnlyList<(string Path, ArchiveHeader Header)> _segments;
    private readonly CryptoProviders _providers;

    private ShippedTail(IReadOnlyList<(string Path, ArchiveHeader Header)> segments, CryptoProviders providers) => (_segments, _providers) = (segments, providers);

    /// <summary>The headers, each of which the officers open by itself.</summary>
    public IEnumerable<ArchiveHeader> Headers => _segments.Select(s => s.Header);

    /// <summary>Finds the segments beside a base.</summary>
    /// <param name="generation">The folder.</param>
    /// <param name="ledgerKey">By whom they must be signed.</param>
    /// <exception cref="ArchiveException">One is missing, of another base, or not this log's.</exception>
    public static async ValueTask<ShippedTail> FindAsync(string generation, ArchiveHeader start, PublicKey ledgerKey, CryptoProviders providers, CancellationToken cancellationToken)
    {
        var segments = new List<(string, ArchiveHeader)>();
        foreach (var path in ShippingFolder.SegmentsOf(generation))
        {
            await using var source = File.OpenRead(path);
            ArchiveFile file;
            try
            {
                file = await ArchiveFile.ReadAsync(source, providers, cancellationToken);
            }
            catch (ArchiveException) when (IsLastAndCutOff(path, generation))
            {
                // Begun, and nothing was in it when it ended.
                break;
            }

            file.RequireSignedBy(ledgerKey, providers);
            var (header, number) = (file.Header, segments.Count + 1);
            if (header.Place != new SegmentPlace(start.Id, number) || header.Head.LogId != start.Head.LogId || header.Head.Epoch != start.Head.Epoch)
            {
                throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)} is not segment {number} of that base: one is missing, or was put here from elsewhere."));
            }

            segments.Add((path, header));
        }

        return new ShippedTail(segments, providers);
    }

    /// <summary>Gives every commit in its order.</summary>
    /// <param name="open">The officers' key of a segment.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="ArchiveException">A segment was changed.</exception>
    public async ValueTask<long> ReadAsync(Func<ArchiveHeader, CancellationToken, ValueTask<ArchiveKey>> open, Action<RecordedCommit> apply, CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var (path, _) in _segments)
        {
            await using var source = new FileStream(path, new FileStreamOptions { BufferSize = 1 << 18 });
            var file = await ArchiveFile.ReadAsync(source, _providers, cancellationToken);
            using var key = await open(file.Header, cancellationToken);
            foreach (var commit in SegmentReader.Read(source, file, key))
            {
                cancellationToken.ThrowIfCancellationRequested();
                apply(commit);
                count++;
            }
        }

        return count;
    }

    private static bool IsLastAndCutOff(string path, string generation) => ShippingFolder.SegmentsOf(generation)[^1] == path && new FileInfo(path).Length < ArchiveHeader.MaximumSize;
}
