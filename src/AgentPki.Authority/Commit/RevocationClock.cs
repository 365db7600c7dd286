using System.Collections.Concurrent;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Commit;

/// <summary>
/// The revocation epoch as of the last commit, and the count of agents' changes of state, in memory: cached OCSP answers, CRLs and identities compare
/// against them and touch no store.
/// The writer moves it after a batch is durable and before any caller of that batch is released.
/// </summary>
public sealed class RevocationClock(long epoch)
{
    private readonly ConcurrentDictionary<string, long> _byAuthority = new(StringComparer.Ordinal);
    private readonly long _initial = epoch;
    private long _epoch = epoch;
    private long _agentChanges;

    /// <summary>The epoch of the whole appliance.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The epoch of the last revocation of that CA's certificates; the epoch at start when there was none since.</summary>
    public long EpochOf(string authority) => _byAuthority.TryGetValue(authority, out var epoch) ? epoch : _initial;

    /// <summary>Rises with each committed <see cref="StoreChange.SetAgentState"/>.</summary>
    public long AgentChanges => Volatile.Read(ref _agentChanges);

    internal void Observe(CommitRequest request, long epoch)
    {
        foreach (var change in request.Changes)
        {
            if (change is StoreChange.SetAgentState)
            {
                Interlocked.Increment(ref _agentChanges);
            }
        }

        if (epoch <= Epoch)
        {
            return;
        }

        foreach (var change in request.Changes)
        {
            if (change is StoreChange.RevokeCertificate revoke)
            {
                _byAuthority[revoke.Authority] = epoch;
            }
        }

        Volatile.Write(ref _epoch, epoch);
    }
}
