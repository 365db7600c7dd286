using AgentPki.Authority.Commit;
using AgentPki.Ledger.Revocations;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>
/// The snapshot that newcomers begin with, made when it is asked for and not more often than the interval says: between two of them the events tell the rest. The one before stays
/// for those who are just fetching it. In memory: about seven octets a revoked certificate, each.
/// </summary>
/// <param name="stopping">Ends what is in the making: not the wish of whoever asked first, who may be gone before a long one is done.</param>
internal sealed class FeedSnapshots(
    FeedStatements statements, FeedSignerKeeper signers, RevocationClock revocations, TimeSpan interval, TimeProvider time, ILogger logger, CancellationToken stopping) : IDisposable
{
    private readonly SemaphoreSlim _making = new(1, 1);
    private volatile Snapshot? _current;
    private volatile Snapshot? _before;

    /// <param name="oldest">Where the events in memory begin: an older snapshot would make every newcomer read the store.</param>
    public async ValueTask<FeedEntry?> CurrentAsync(long oldest, CancellationToken cancellationToken)
    {
        if (_current is { } current && IsGood(current, oldest))
        {
            return current.Entry;
        }

        return await Task.Run(() => OneAsync(oldest), CancellationToken.None).WaitAsync(cancellationToken);
    }

    public RevocationSetServing? FindSet(string name) => new[] { _current, _before }.FirstOrDefault(s => s?.Name == name)?.Set;

    public void Dispose() => _making.Dispose();

    // Never one whose signer is about to end, or a quiet appliance would serve for ever what nobody believes any more; nor one of a clock that was ahead and was set right.
    private bool IsGood(Snapshot snapshot, long oldest) => time.GetUtcNow() is var now && now < snapshot.RenewAt && snapshot.Signed <= now + FeedStatements.FurthestAhead
        && (snapshot.Entry.Sequence == revocations.Epoch || (snapshot.Entry.Sequence >= oldest && time.GetElapsedTime(snapshot.Made) < interval));

    private async Task<FeedEntry?> OneAsync(long oldest)
    {
        await _making.WaitAsync(stopping);
        try
        {
            return _current is { } made && IsGood(made, oldest) ? made.Entry : await MakeAsync(stopping);
        }
        finally
        {
            _making.Release();
        }
    }

    private async ValueTask<FeedEntry?> MakeAsync(CancellationToken cancellationToken)
    {
        if (await signers.CurrentAsync(cancellationToken) is not { } signer)
        {
            return null;
        }

        var (statement, octets) = await statements.SnapshotAsync(revocations.Epoch, cancellationToken);
        var entry = FeedEntry.Of(statement, await signer.SignAsync(statement, cancellationToken));
        if (!RevocationSet.TryRead(octets, statement.Set.Commitment, out var set, out var error))
        {
            throw new InvalidOperationException($"A snapshot cannot be read back: {error}.");
        }

        Log.SnapshotMade(logger, set.Commitment.Count, entry.Sequence, set.Commitment.Octets);
        (_before, _current) = (_current, new Snapshot(entry, statement.Set.Name, new RevocationSetServing(set), time.GetTimestamp(), statement.Signed, signer.RenewAt));
        return entry;
    }

    private sealed record Snapshot(FeedEntry Entry, string Name, RevocationSetServing Set, long Made, DateTimeOffset Signed, DateTimeOffset RenewAt);
}
