using System.Collections.Immutable;
using AgentPki.Ledger;

namespace AgentPki.Authority.Store;

/// <summary>One decision: its ledger entry and the record changes that come true with it, all or nothing.</summary>
/// <param name="Entry">Null: a step that decides nothing (an ACME order was placed, a challenge answered): durable like the others, and no leaf.</param>
public sealed record CommitRequest(LedgerEntry? Entry, ImmutableArray<StoreChange> Changes)
{
    /// <summary>
    /// Completes <see cref="Entry"/> by what the request turned out to have selected, inside the transaction; null: the entry is as it is. Called by the writer's
    /// thread, perhaps more than once: pure and quick.
    /// </summary>
    public Func<LedgerEntry, SelectedSet, LedgerEntry>? Completing { get; init; }
}

/// <summary>What a <see cref="StoreChange.RevokeSet"/> or <see cref="StoreChange.ReleaseSet"/> came to.</summary>
/// <param name="Count">Certificates whose status changed.</param>
/// <param name="Digest">SHA-256 over the lines "authority serial-in-hex\n" in ordinal order, lower-case hexadecimal: which they were can be checked for ever.</param>
/// <param name="Authorities">Their CAs.</param>
/// <param name="Agents">Agents whose state changed.</param>
/// <param name="Keys">Keys that were blocked.</param>
public sealed record SelectedSet(long Count, string Digest, ImmutableArray<string> Authorities, long Agents, long Keys)
{
    public static SelectedSet Nothing { get; } = new(0, "", [], 0, 0);
}

/// <summary>What became of a <see cref="CommitRequest"/>.</summary>
public abstract record CommitOutcome
{
    private CommitOutcome()
    {
    }

    /// <summary>Durable: record and leaf are on disk.</summary>
    /// <param name="LeafIndex">Its place in the log, from 0; -1 for a request without an entry.</param>
    /// <param name="Epoch">The revocation epoch after this request; rises only with revocations.</param>
    public sealed record Committed(long LeafIndex, long Epoch) : CommitOutcome
    {
        /// <summary>What the request selected; null: it did not select.</summary>
        public SelectedSet? Selected { get; init; }
    }

    /// <summary>Nothing of this request was written; its neighbours in the batch are not touched.</summary>
    /// <param name="Change">The change that met the conflict.</param>
    public sealed record Conflict(StoreChange Change, string Reason) : CommitOutcome;
}

/// <summary>The durable end of the commit writer. One caller at a time.</summary>
public interface ICommitStore
{
    /// <summary>
    /// Applies the requests in order inside one transaction, giving leaf indexes, and returns after one fsync made all of them durable.
    /// A request that meets a conflict leaves nothing behind and gets <see cref="CommitOutcome.Conflict"/>; the others stand.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The batch as a whole could not be made durable (disk full, I/O error); nothing of it was.</exception>
    IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch);
}

/// <summary>The store cannot be read or written now. Answered with 503; the message names the cause and the remedy.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Nothing will be written here any more: the log goes on elsewhere.</summary>
    public bool IsForGood { get; init; }
}
