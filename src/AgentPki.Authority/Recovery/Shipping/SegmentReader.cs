using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>Reads a segment up to its last whole chunk: what a crash, of the appliance or of the target, has left is no fault.</summary>
public static class SegmentReader
{
    /// <summary>The commits, in their order.</summary>
    /// <param name="source">Behind the header.</param>
    /// <exception cref="ArchiveException">A chunk was changed, or is not in its place.</exception>
    public static IEnumerable<RecordedCommit> Read(Stream source, ArchiveFile file, ArchiveKey key)
    {
        using var cipher = new ChunkCipher(key, file.Preamble);
        var header = new byte[ChunkCipher.HeaderSize];
        var buffer = new byte[1 << 16];
        while (source.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length)
        {
            var (length, isLast) = cipher.ReadHeader(header);
            var count = length + ChunkCipher.TagSize;
            buffer = buffer.Length < count ? new byte[count] : buffer;
            if (source.ReadAtLeast(buffer.AsSpan(0, count), count, throwOnEndOfStream: false) < count)
            {
                yield break;
            }

            foreach (var commit in ShippedCommits.Decode(cipher.Open(buffer.AsMemory(0, count), isLast), file.Header.Head.LogId))
            {
                yield return commit;
            }
        }
    }
}
