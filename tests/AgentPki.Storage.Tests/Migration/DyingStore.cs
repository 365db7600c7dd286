using AgentPki.Authority.Store;

namespace AgentPki.Storage.Tests.Migration;

/// <summary>A store whose process ends at a commit: from that one on nothing is written any more, whoever asks.</summary>
internal sealed class DyingStore(ICommitStore inner) : ICommitStore
{
    private long _left = long.MaxValue;

    public bool IsDead => Interlocked.Read(ref _left) <= 0;

    /// <summary>Lives for so many requests more; batches are not cut.</summary>
    public void DieAfter(long requests) => Interlocked.Exchange(ref _left, requests);

    public IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch) =>
        Interlocked.Add(ref _left, -batch.Count) < 0 ? throw new StoreUnavailableException("The process is dead (test).") : inner.Apply(batch);
}
