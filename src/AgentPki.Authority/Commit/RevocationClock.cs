using System.Collections.Concurrent;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Commit;

/// <summary>
/// The revocation epoch as of the last commit, and the count of changes of agents (state, place, registration), in memory: cached OCSP answers, CRLs and identities compare
/// against them and touch no store; the feed waits for it.
/// The writer moves it after a batch is durable and before any caller of that batch is released.
/// </summary>
public sealed class RevocationClock(long epoch)
{
    private readonly ConcurrentDictionary<string, long> _byAuthority = new(StringComparer.Ordinal);
    private readonly long _initial = epoch;
    private long _epoch = epoch;
    private long _agentChanges;
    private TaskCompletionSource _moved = New();

    /// <summary>The epoch of the whole appliance.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The epoch of the last revocation of that CA's certificates; the epoch at start when there was none since.</summary>
    public long EpochOf(string authority) => _byAuthority.TryGetValue(authority, out var epoch) ? epoch : _initial;

    /// <summary>Rises with each committed change of agents' states, of their place in the tree, and of what is registered of them.</summary>
    public long AgentChanges => Volatile.Read(ref _agentChanges);

    /// <summary>Completes once the epoch is beyond that one: at once, or right after the commit that moves it.</summary>
    public async ValueTask WaitBeyondAsync(long epoch, CancellationToken cancellationToken)
    {
        while (Epoch <= epoch)
        {
            // First the promise, then another look: a move in between completes the promise that is held.
            var moved = Volatile.Read(ref _moved).Task;
            if (Epoch <= epoch)
            {
                await moved.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>As <see cref="WaitBeyondAsync"/>, and also once agents have changed their states more often than that.</summary>
    public async ValueTask WaitForChangeAsync(long epoch, long agentChanges, CancellationToken cancellationToken)
    {
        while (Epoch <= epoch && AgentChanges <= agentChanges)
        {
            var moved = Volatile.Read(ref _moved).Task;
            if (Epoch <= epoch && AgentChanges <= agentChanges)
            {
                await moved.WaitAsync(cancellationToken);
            }
        }
    }

    internal void Observe(CommitRequest request, CommitOutcome.Committed committed)
    {
        var agentsChanged = committed.Selected is { Agents: > 0 } || request.Changes.Any(c => c is StoreChange.SetAgentState or StoreChange.SetAgentParent or StoreChange.PutAgents or StoreChange.SuspendByRule or StoreChange.ReviewAgent);
        if (agentsChanged)
        {
            Interlocked.Increment(ref _agentChanges);
        }

        if (committed.Epoch <= Epoch)
        {
            if (agentsChanged)
            {
                Interlocked.Exchange(ref _moved, New()).SetResult();
            }

            return;
        }

        foreach (var change in request.Changes)
        {
            if (change is StoreChange.RevokeCertificate revoke)
            {
                _byAuthority[revoke.Authority] = committed.Epoch;
            }
        }

        foreach (var authority in committed.Selected?.Authorities ?? [])
        {
            _byAuthority[authority] = committed.Epoch;
        }

        Volatile.Write(ref _epoch, committed.Epoch);
        Interlocked.Exchange(ref _moved, New()).SetResult();
    }

    // Asynchronously: those who wait must not run on, and hold up, the writer's thread.
    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
