using AgentPki.Authority.Commit;
using AgentPki.Ledger.Revocations;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>
/// The snapshot that newcomers begin with, made when it is asked for and not more often than the interval says: between two of them the events tell the rest. The one before stays
/// for those who are just fetching it. In memory: about seven octets a revoked certificate, each.
/// </summary>
internal sealed class FeedSnapshots(FeedStatements statements, FeedSignerKeeper signers, RevocationClock revocations, TimeSpan interval, TimeProvider time, ILogger logger) : IDisposable
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

        await _making.WaitAsync(cancellationToken);
        try
        {
            return _current is { } made && IsGood(made, oldest) ? made.Entry : await MakeAsync(cancellationToken);
        }
        finally
        {
            _making.Release();
        }
    }

    public RevocationSetServing? FindSet(string name) => new[] { _current, _before }.FirstOrDefault(s => s?.Name == name)?.Set;

    public void Dispose() => _making.Dispose();

    private bool IsGood(Snapshot snapshot, long oldest) =>
        snapshot.Entry.Sequence == revocations.Epoch || (snapshot.Entry.Sequence >= oldest && time.GetUtcNow() - snapshot.Made < interval);

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
        (_before, _current) = (_current, new Snapshot(entry, statement.Set.Name, new RevocationSetServing(set), time.GetUtcNow()));
        return entry;
    }

    private sealed record Snapshot(FeedEntry Entry, string Name, RevocationSetServing Set, DateTimeOffset Made);
}
