using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>What a restore was asked for.</summary>
/// <param name="Source">A backup, or a folder that was shipped to.</param>
/// <param name="Target">The new home.</param>
internal sealed record RestoreRequest(string Source, ApplianceHome Target)
{
    /// <summary>The log that it must be; null: any.</summary>
    public string? Log { get; init; }

    /// <summary>The ledger's public key as it was kept elsewhere; null: the archive's own.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Files with heads that others have kept.</summary>
    public IReadOnlyList<string> Heads { get; init; } = [];

    /// <summary>Witnesses that are asked how far the log had gone; all of them must answer.</summary>
    public IReadOnlyList<WitnessReference> Witnesses { get; init; } = [];

    /// <summary>How many entries the operator accepts to have lost.</summary>
    public long AcceptLost { get; init; }

    /// <summary>The token's PIN, to be copied into the home; null: it is brought there otherwise.</summary>
    public string? PinFile { get; init; }
}

/// <summary>What a restore has made.</summary>
/// <param name="Lost">The first and last entry that are known to be lost; null: none is.</param>
internal sealed record RestoreOutcome(string Log, long Epoch, long Entries, long Certificates, long Commits, (long First, long Last)? Lost, IReadOnlyList<Authority.Recovery.Archives.BackedUpKey> Keys);
