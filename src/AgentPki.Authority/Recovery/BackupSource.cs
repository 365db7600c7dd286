using System.Collections.Immutable;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Recovery.Archives;

namespace AgentPki.Authority.Recovery;

/// <summary>What of an appliance a backup takes, beside its store.</summary>
public sealed record BackupSource
{
    /// <summary>The appliance's name.</summary>
    public required string Appliance { get; init; }

    /// <summary>The version of its software.</summary>
    public required string Software { get; init; }

    /// <summary>Who will open it, read anew each time.</summary>
    /// <exception cref="BackupException">There are not enough of them, or they are not those that the ledger has.</exception>
    public required Func<CancellationToken, ValueTask<OfficerRoster>> Officers { get; init; }

    /// <summary>The files, whole and as of one moment, by their names in the archive; those that the keys need among them. Never a PIN, never a key that is not encrypted.</summary>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    public required Func<ImmutableArray<BackedUpKey>, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)>> Files { get; init; }

    /// <summary>How each key comes to another machine.</summary>
    public required Func<CancellationToken, ValueTask<ImmutableArray<BackedUpKey>>> Keys { get; init; }
}

/// <summary>A backup cannot be made; the message says why and what to do, as sentences.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A backup that was made and recorded.</summary>
public sealed record BackupReceipt(ArchiveHeader Header, IReadOnlyList<ArchivedFile> Files, long Octets, ReadOnlyMemory<byte> Sha256);
