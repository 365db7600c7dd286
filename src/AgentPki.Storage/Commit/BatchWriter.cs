using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

/// <summary>One batch, one transaction, one flush. Holds the state of the log between batches and never runs ahead of the disk.</summary>
internal sealed class BatchWriter
{
    private readonly SqlSession _session;
    private readonly ChangeApplier _changes;
    private readonly LedgerAppender _ledger;
    private LogPosition _durable;

    public BatchWriter(SqlSession session, LogId logId, LogPosition durable)
    {
        (_session, _durable) = (session, durable);
        _changes = new ChangeApplier(session);
        _ledger = new LedgerAppender(session, logId);
    }

    /// <summary>The state as of the last commit.</summary>
    public LogPosition Durable => Volatile.Read(ref _durable);

    /// <summary>Applies a batch and returns once it is durable.</summary>
    /// <exception cref="SqlException">Nothing of the batch was written.</exception>
    public IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch)
    {
        // Before the transaction: what can fail without the disk, and what costs time.
        var details = batch.Select(request => request.Entry is { } entry ? LedgerDetails.Of(entry).Encode() : []).ToArray();
        var salts = LedgerAppender.Salts(batch.Count);
        var outcomes = new List<CommitOutcome>(batch.Count);
        try
        {
            Begin();
            if (!TryApply(batch, details, salts, isolate: false, outcomes))
            {
                // A request had written before it met its conflict. Rare: start over and shield each request from the others.
                _session.Execute(SqliteDialect.Rollback);
                outcomes.Clear();
                Begin();
                TryApply(batch, details, salts, isolate: true, outcomes);
            }

            _session.Execute(SqliteDialect.Commit);
        }
        catch
        {
            RollBack();
            throw;
        }

        Volatile.Write(ref _durable, new LogPosition(_ledger.Frontier, _ledger.Epoch, _changes.RevocationEpoch));
        return outcomes;
    }

    /// <summary>Continues from what the disk says, after a failure that leaves in doubt what it holds.</summary>
    public void Reload(LogPosition durable) => Volatile.Write(ref _durable, durable);

    private void Begin()
    {
        _session.Execute(SqliteDialect.Begin);
        _ledger.Reset(_durable.Frontier, _durable.Epoch);
        _changes.Reset(_durable.RevocationEpoch);
    }

    private bool TryApply(IReadOnlyList<CommitRequest> batch, byte[][] details, byte[] salts, bool isolate, List<CommitOutcome> outcomes)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (isolate)
            {
                _session.Execute(SqliteDialect.Savepoint);
            }

            var epoch = _changes.RevocationEpoch;
            var leaf = _ledger.Size;
            if (_changes.Apply(batch[i], leaf) is { } conflict)
            {
                if (_changes.HasWritten && !isolate)
                {
                    return false;
                }

                if (_changes.HasWritten)
                {
                    _session.Execute(SqliteDialect.RollbackToSavepoint);
                    _changes.Reset(epoch);
                }

                outcomes.Add(conflict);
            }
            else if (batch[i].Entry is not { } entry)
            {
                outcomes.Add(new CommitOutcome.Committed(-1, _changes.RevocationEpoch) { Selected = _changes.Selected });
            }
            else
            {
                // What was selected is known only now, and belongs into the leaf.
                if (batch[i].Completing is { } complete && _changes.Selected is { } selected)
                {
                    entry = complete(entry, selected);
                    details[i] = LedgerDetails.Of(entry).Encode();
                }

                _ledger.Append(entry, salts.AsSpan(i * LedgerCommitment.SaltSize, LedgerCommitment.SaltSize), details[i]);
                outcomes.Add(new CommitOutcome.Committed(leaf, _changes.RevocationEpoch) { Selected = _changes.Selected });
            }

            if (isolate)
            {
                _session.Execute(SqliteDialect.ReleaseSavepoint);
            }
        }

        return true;
    }

    private void RollBack()
    {
        try
        {
            if (_session.InTransaction)
            {
                _session.Execute(SqliteDialect.Rollback);
            }
        }
        catch (SqlException)
        {
            // The engine has rolled back by itself; the first failure is the one to report.
        }
    }
}

/// <summary>Where the log and the revocations stand.</summary>
/// <param name="Frontier">Never appended to: writers copy it.</param>
internal sealed record LogPosition(MerkleFrontier Frontier, long Epoch, long RevocationEpoch);
