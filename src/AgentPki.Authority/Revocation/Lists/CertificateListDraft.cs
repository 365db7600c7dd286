using AgentPki.Authority.Store;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Der;

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>
/// A TBSCertList in a scratch file, as long as the disk allows and not the memory. The entries are written in one pass after a gap; once their length is
/// known, what stands before them is put into the end of the gap, and what stands after them is appended.
/// </summary>
/// <remarks>The file has no name any more when this is made: nobody opens what is about to be linted and signed.</remarks>
internal sealed class CertificateListDraft : IDisposable
{
    private const int Gap = 16 * 1024;
    private const int Chunk = 64 * 1024;
    private readonly MappedFile _file;
    private readonly int _start;

    private CertificateListDraft(MappedFile file, int start, long count) => (_file, _start, Count) = (file, start, count);

    public ReadOnlyMemory<byte> ToBeSigned => _file.Memory[_start..];

    public long Count { get; }

    /// <remarks>What was revoked while the clock was ahead is listed as revoked when the list was made: a date after thisUpdate would be wrong, and a list without it worse.</remarks>
    /// <param name="path">Where the scratch file may be; there is none yet.</param>
    /// <exception cref="OverflowException">2 GiB and more.</exception>
    public static async ValueTask<CertificateListDraft> WriteAsync(string path, TbsCertificateList tbs, IAsyncEnumerable<RevokedEntry> entries, CancellationToken cancellationToken)
    {
        await using var stream = CertificateListFolder.Create(path);
        File.Delete(path);
        stream.Position = Gap;
        using var writer = new DerWriter(2 * Chunk);
        long count = 0;
        await foreach (var revoked in entries.WithCancellation(cancellationToken))
        {
            count++;
            new RevokedCertificate(revoked.Serial, revoked.Time < tbs.ThisUpdate ? revoked.Time : tbs.ThisUpdate, (CrlReason)(byte)revoked.Reason, revoked.InvalidSince).Write(writer);
            if (writer.Written.Length >= Chunk)
            {
                stream.Write(writer.Written);
                writer.Clear();
            }
        }

        stream.Write(writer.Written);
        var (before, after) = tbs.EncodeAround(checked((int)(stream.Position - Gap)));
        stream.Write(after);
        stream.Position = Gap - before.Length;
        stream.Write(before);
        return new CertificateListDraft(new MappedFile(stream), Gap - before.Length, count);
    }

    public void Dispose() => ((IDisposable)_file).Dispose();
}
