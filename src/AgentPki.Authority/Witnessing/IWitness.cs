using System.Collections.Immutable;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;

namespace AgentPki.Authority.Witnessing;

/// <summary>A witness as this appliance knows it: what can be asked, and the keys that its answers are believed by. The network is the implementer's.</summary>
public interface IWitness
{
    /// <summary>The name of its keys.</summary>
    string Name { get; }

    /// <summary>What verifies its cosignatures; all of one name.</summary>
    IReadOnlyList<NoteKey> Keys { get; }

    /// <summary>Submits a head (C2SP tlog-witness, "add-checkpoint"). Never throws for what the witness or the network does.</summary>
    ValueTask<WitnessReply> AddAsync(WitnessRequest request, CancellationToken cancellationToken);
}

/// <summary>What a witness said.</summary>
public abstract record WitnessReply
{
    private WitnessReply()
    {
    }

    /// <param name="Lines">Not verified.</param>
    public sealed record Cosigned(ImmutableArray<NoteSignature> Lines) : WitnessReply;

    /// <summary>It has seen so many entries, and wants a proof from there.</summary>
    public sealed record Behind(long Size) : WitnessReply;

    /// <summary>The head does not extend the one that it has seen.</summary>
    public sealed record Inconsistent(string Reason) : WitnessReply;

    /// <summary>It does not take this log's heads: it does not know the log, or not this key.</summary>
    public sealed record Refused(string Reason) : WitnessReply;

    /// <summary>It did not answer, or not with what the protocol knows.</summary>
    public sealed record Silent(string Reason) : WitnessReply;
}

/// <summary>What is known of a witness now.</summary>
/// <param name="Size">Of the last head that it has cosigned since the start; 0: none.</param>
/// <param name="Problem">Why it has not cosigned the newest one; null: it has, or was not asked yet.</param>
/// <param name="IsContradiction">It has seen another log under this log's name: one of both is not what it was.</param>
public sealed record WitnessStatus(string Name, long Size, DateTimeOffset? Since, string? Problem, bool IsContradiction);
