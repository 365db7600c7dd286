using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Search;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>The ledger: head, checkpoints, entries, proofs (RFC 9162 §2.1).</summary>
internal static class AdminAudit
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/audit/head", "getLedgerHead", AdminAccess.Readers, "The ledger's head, unsigned.", AdminJson.Default.LedgerHeadView, HeadAsync),
        AdminOperation.Of(HttpMethods.Get, "/audit/checkpoint", "getCheckpoint", AdminAccess.Readers, "The newest signed head.", AdminJson.Default.CheckpointView, CheckpointAsync),
        AdminOperation.Of(HttpMethods.Post, "/audit/checkpoint", "signCheckpoint", AdminAccess.Auditors, "Signs the head now and gives the newest signed head.", AdminJson.Default.CheckpointView, SignAsync),
        AdminOperation.Of(HttpMethods.Get, "/audit/entries", "listLedgerEntries", AdminAccess.Auditors, "Entries in the order of their indexes.", AdminJson.Default.LedgerEntriesView, EntriesAsync,
            new AdminParameter("from", "integer", "The first index; without it the newest entries."), new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/audit/search", "searchLedger", AdminAccess.Auditors, "Entries that somebody looks for, in the order of their indexes; everything that is given must hold.", AdminJson.Default.LedgerSearchView, SearchAsync,
            new AdminParameter("actor", "string", "Who asked; with * at its end whoever begins so."),
            new AdminParameter("kind", "string", "What happened, as entries have it."),
            new AdminParameter("after", "string", "Decided then or later (RFC 3339)."),
            new AdminParameter("before", "string", "Decided before then (RFC 3339)."),
            new AdminParameter("serial", "string", "Of the certificate with this serial number, lower-case hexadecimal."),
            new AdminParameter("agent", "string", "Of this agent: its SPIFFE ID, or the last part of it."),
            new AdminParameter("text", "string", "With this text in actor, names or values."),
            new AdminParameter("from", "integer", "The first index to look at: next of the page before."),
            new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/audit/entries/{index}", "getLedgerEntry", AdminAccess.Auditors, "One entry.", AdminJson.Default.LedgerEntryView, EntryAsync),
        AdminOperation.Of(HttpMethods.Get, "/audit/entries/{index}/proof", "getInclusionProof", AdminAccess.Readers, "Shows that an entry is in the log.", AdminJson.Default.InclusionProofView, InclusionAsync,
            new AdminParameter("size", "integer", "Of the tree to prove it in; the current one unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/audit/consistency", "getConsistencyProof", AdminAccess.Readers, "Shows that the log only grew between two sizes.", AdminJson.Default.ConsistencyProofView, ConsistencyAsync,
            new AdminParameter("first", "integer", "The smaller size.", Required: true), new AdminParameter("second", "integer", "The larger size; the current one unless told otherwise.")),
    ];

    private static ILedgerStore Ledger(AdminCall call) => call.Services.Authority.Stores.Ledger;

    private static async ValueTask<Outcome<LedgerHeadView>> HeadAsync(AdminCall call, CancellationToken cancellationToken) =>
        new Outcome<LedgerHeadView>.Done(AdminMapping.View(await Ledger(call).HeadAsync(cancellationToken)));

    private static async ValueTask<Outcome<CheckpointView>> CheckpointAsync(AdminCall call, CancellationToken cancellationToken) =>
        await Ledger(call).LatestCheckpointAsync(cancellationToken) is { } checkpoint
            ? new Outcome<CheckpointView>.Done(AdminMapping.View(checkpoint))
            : AdminCall.NotFound<CheckpointView>("no head was signed yet");

    private static async ValueTask<Outcome<CheckpointView>> SignAsync(AdminCall call, CancellationToken cancellationToken)
    {
        await call.Services.Authority.Checkpoints.SignAsync(cancellationToken);
        return await CheckpointAsync(call, cancellationToken);
    }

    private static async ValueTask<Outcome<LedgerEntriesView>> EntriesAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Limit() is Outcome<int>.Refused(var badLimit))
        {
            return new Outcome<LedgerEntriesView>.Refused(badLimit);
        }

        var limit = ((Outcome<int>.Done)call.Limit()).Value;
        var head = await Ledger(call).HeadAsync(cancellationToken);
        if (call.Number("from", Math.Max(0, head.Size - limit)) is not Outcome<long>.Done(var from))
        {
            return new Outcome<LedgerEntriesView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'from' must be a number"));
        }

        var entries = new List<LedgerEntryView>();
        await foreach (var entry in Ledger(call).ReadAsync(from, cancellationToken))
        {
            entries.Add(AdminMapping.View(entry));
            if (entries.Count == limit)
            {
                break;
            }
        }

        return new Outcome<LedgerEntriesView>.Done(new LedgerEntriesView(entries, head.Size));
    }

    private static async ValueTask<Outcome<LedgerSearchView>> SearchAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Limit() is not Outcome<int>.Done(var limit) || call.Number("from", 0) is not Outcome<long>.Done(var from))
        {
            return Refused("'from' and 'limit' must be numbers, limit from 1 to 10000");
        }

        LedgerEntryKind? kind = null;
        if (call.Query("kind") is { } word)
        {
            if (!Enum.TryParse<LedgerEntryKind>(word, ignoreCase: true, out var named) || !Enum.IsDefined(named) || !char.IsAsciiLetter(word[0]))
            {
                return Refused("'kind' must be a kind of entry, as entries have it");
            }

            kind = named;
        }

        if (!TryTime(call.Query("after"), out var after) || !TryTime(call.Query("before"), out var before))
        {
            return Refused("'after' and 'before' must be times such as 2027-03-01T12:00:00Z");
        }

        var query = new LedgerQuery
        {
            Actor = call.Query("actor"), Kind = kind, After = after, Before = before, Serial = call.Query("serial"), Agent = call.Query("agent"), Text = call.Query("text"),
        };
        var entries = new List<LedgerEntryView>();
        await foreach (var entry in Ledger(call).SearchAsync(query, from, cancellationToken))
        {
            if (entries.Count == limit)
            {
                return new Outcome<LedgerSearchView>.Done(new LedgerSearchView(entries, entry.Leaf.Index));
            }

            entries.Add(AdminMapping.View(entry));
        }

        return new Outcome<LedgerSearchView>.Done(new LedgerSearchView(entries, null));

        static Outcome<LedgerSearchView> Refused(string detail) => new Outcome<LedgerSearchView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, detail));
    }

    private static bool TryTime(string? text, out DateTimeOffset? time)
    {
        time = null;
        if (text is null)
        {
            return true;
        }

        var valid = DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var parsed);
        time = parsed;
        return valid;
    }

    private static async ValueTask<Outcome<LedgerEntryView>> EntryAsync(AdminCall call, CancellationToken cancellationToken) =>
        Index(call) is { } index && await Ledger(call).FindAsync(index, cancellationToken) is { } entry
            ? new Outcome<LedgerEntryView>.Done(AdminMapping.View(entry))
            : AdminCall.NotFound<LedgerEntryView>("the ledger has no entry of that index");

    private static async ValueTask<Outcome<InclusionProofView>> InclusionAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var head = await Ledger(call).HeadAsync(cancellationToken);
        if (call.Number("size", head.Size) is not Outcome<long>.Done(var size) || size > head.Size)
        {
            return new Outcome<InclusionProofView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'size' must be a number up to {head.Size}"));
        }

        if (Index(call) is not { } index || index >= size || await Ledger(call).FindAsync(index, cancellationToken) is not { } entry)
        {
            return AdminCall.NotFound<InclusionProofView>("the tree of that size has no entry of that index");
        }

        var prover = new MerkleProver(Ledger(call));
        var proof = await prover.InclusionProofAsync(index, size, cancellationToken);
        var root = await prover.RootAsync(size, cancellationToken);
        return new Outcome<InclusionProofView>.Done(new InclusionProofView(index, size, MerkleTree.HashLeaf(entry.Leaf.Encode()).ToBase64(), [.. proof.Select(h => h.ToBase64())], root.ToBase64()));
    }

    private static async ValueTask<Outcome<ConsistencyProofView>> ConsistencyAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var head = await Ledger(call).HeadAsync(cancellationToken);
        if (call.Query("first") is null || call.Number("first", 0) is not Outcome<long>.Done(var first) || call.Number("second", head.Size) is not Outcome<long>.Done(var second)
            || first > second || second > head.Size)
        {
            return new Outcome<ConsistencyProofView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'first' and 'second' must be numbers, first <= second <= {head.Size}"));
        }

        var prover = new MerkleProver(Ledger(call));
        var proof = await prover.ConsistencyProofAsync(first, second, cancellationToken);
        return new Outcome<ConsistencyProofView>.Done(new ConsistencyProofView(
            first,
            second,
            (await prover.RootAsync(first, cancellationToken)).ToBase64(),
            (await prover.RootAsync(second, cancellationToken)).ToBase64(),
            [.. proof.Select(h => h.ToBase64())]));
    }

    private static long? Index(AdminCall call) => long.TryParse(call.Path("index"), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var index) ? index : null;
}
