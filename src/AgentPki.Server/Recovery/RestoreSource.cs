using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Recovery.Shipping;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Recovery;

/// <summary>What is restored: a backup, or a folder that was shipped to: its base and the commits after it.</summary>
internal sealed class RestoreSource
{
    private readonly string _path;
    private readonly ShippedTail? _tail;

    private RestoreSource(string path, ArchiveHeader header, ShippedTail? tail) => (_path, Header, _tail) = (path, header, tail);

    public ArchiveHeader Header { get; }

    public bool IsShipped => _tail is not null;

    /// <summary>Reads what can be read without officers, and verifies who signed it.</summary>
    /// <param name="ledgerKey">The ledger's key as it was kept elsewhere; null: it is taken as the archive has it.</param>
    /// <exception cref="CommandException">There is nothing of the kind.</exception>
    /// <exception cref="ArchiveException">It is not what it should be.</exception>
    public static async Task<RestoreSource> FindAsync(string path, PublicKey? ledgerKey, CancellationToken cancellationToken)
    {
        var generation = Directory.Exists(path) ? ShippingFolder.FindNewest(path) ?? throw Missing($"{path} has nothing that was shipped whole.") : null;
        var archive = generation is null ? path : Path.Combine(generation, ShippingFolder.BaseName);
        if (!File.Exists(archive))
        {
            throw Missing($"There is no file {archive}.");
        }

        await using var source = File.OpenRead(archive);
        var file = await ArchiveFile.ReadAsync(source, ProviderList.SoftwareOnly, cancellationToken);
        if (file.Header.Kind == ArchiveKind.Segment)
        {
            throw Missing($"{archive} is a segment of what was shipped.");
        }

        file.RequireSignedBy(ledgerKey ?? file.Header.LedgerKey, ProviderList.SoftwareOnly);
        var tail = generation is null ? null : await ShippedTail.FindAsync(generation, file.Header, file.Header.LedgerKey, ProviderList.SoftwareOnly, cancellationToken);
        return new RestoreSource(archive, file.Header, tail);
    }

    /// <summary>Reads and verifies all of it.</summary>
    /// <param name="take">Given every file.</param>
    /// <exception cref="ArchiveException">It was changed.</exception>
    public async Task<IReadOnlyList<ArchivedFile>> ReadAsync(OfficersAtHand officers, Func<string, Stream, CancellationToken, Task> take, CancellationToken cancellationToken)
    {
        await using var source = new FileStream(_path, new FileStreamOptions { BufferSize = 1 << 18 });
        var file = await ArchiveFile.ReadAsync(source, ProviderList.SoftwareOnly, cancellationToken);
        if (file.Header.Id != Header.Id)
        {
            throw new ArchiveException("The archive was exchanged while it was read.");
        }

        using var key = await officers.OpenAsync(Header, cancellationToken);
        return await ArchiveReader.ReadAsync(source, file, key, take, cancellationToken);
    }

    /// <summary>Reads the commits after it.</summary>
    /// <returns>How many, and where the ledger stands after the last.</returns>
    /// <exception cref="ArchiveException">A segment was changed.</exception>
    public async Task<(long Count, LedgerHead Head)> ReadTailAsync(OfficersAtHand officers, Action<RecordedCommit> apply, CancellationToken cancellationToken)
    {
        var head = Header.Head;
        var count = _tail is null ? 0 : await _tail.ReadAsync(
            officers.OpenAsync,
            commit =>
            {
                apply(commit);
                head = commit.Head;
            },
            cancellationToken);
        return (count, head);
    }

    private static CommandException Missing(string message) => new(ExitCodes.Usage, message, "Name a backup (FILE.apb), or the folder that an appliance has shipped to.");
}
