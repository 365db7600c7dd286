using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Commit;

/// <summary>
/// The revocation epoch as of the last commit, and the count of changes of agents (state, place, registration), in memory: cached OCSP answers, CRLs and identities compare
/// against them and touch no store; the feed waits for it.
/// The writer moves it after a batch is durable and before any caller of that batch is released.
/// </summary>
public sealed class RevocationClock(long epoch)
{
    /// <summary>So many names are kept apart: a few MB. What overflows costs those who remember one read each.</summary>
    private const int MarkedNames = 50_000;

    private readonly ConcurrentDictionary<string, long> _byAuthority = new(StringComparer.Ordinal);
    private readonly ChangeMarks _marks = new(MarkedNames);
    private readonly long _initial = epoch;
    private long _epoch = epoch;
    private long _agentChanges;
    private long _changes;
    private TaskCompletionSource _moved = New();

    /// <summary>The epoch of the whole appliance.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The epoch of the last revocation of that CA's certificates; the epoch at start when there was none since.</summary>
    public long EpochOf(string authority) => _byAuthority.TryGetValue(authority, out var epoch) ? epoch : _initial;

    /// <summary>Rises with each committed change of agents' states, of their place in the tree, and of what is registered of them.</summary>
    public long AgentChanges => Volatile.Read(ref _agentChanges);

    /// <summary>Rises with each commit that changed an agent or the status of a certificate: taken before the store is read, it says how old what is read may be.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>Whether what was read when <see cref="Changes"/> stood there may not be so any more.</summary>
    /// <param name="restsOn">The agents' SPIFFE IDs and the certificates' names (<see cref="ChangeMarks.NameOf"/>) that it rests on.</param>
    internal bool HasChangedSince(long changes, ImmutableArray<string> restsOn)
    {
        foreach (var name in restsOn)
        {
            if (_marks.Of(name) > changes)
            {
                return true;
            }
        }

        return false;
    }

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
        var agentsChanged = Mark(request, committed.Selected) | committed.Selected is { Agents: > 0 };
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

    // The marks first, then the number that others read beside them: who sees the new number reads what the change left.
    private bool Mark(CommitRequest request, SelectedSet? selected)
    {
        var next = _changes + 1;
        var all = Marked.Nothing;
        foreach (var change in request.Changes)
        {
            all |= Mark(change, selected, next);
        }

        if (all != Marked.Nothing)
        {
            Volatile.Write(ref _changes, next);
        }

        return all.HasFlag(Marked.Agents);
    }

    private Marked Mark(StoreChange change, SelectedSet? selected, long number)
    {
        switch (change)
        {
            case StoreChange.SetAgentState(var agent, _):
                return MarkAgent(agent, number);
            case StoreChange.SetAgentParent(var agent, _):
                return MarkAgent(agent, number);
            case StoreChange.SuspendByRule suspended:
                return MarkAgent(suspended.AgentId, number);
            case StoreChange.ReviewAgent(var agent, _):
                return MarkAgent(agent, number);
            case StoreChange.PutAgents(var agents):
                foreach (var put in agents)
                {
                    MarkAgent(put.Agent.Id, number);
                }

                return Marked.Agents;
            case StoreChange.RevokeCertificate revoke:
                _marks.Mark(ChangeMarks.NameOf(revoke.Authority, revoke.Serial), number);
                return Marked.Certificates;
            case StoreChange.RevokeSet or StoreChange.ReleaseSet or StoreChange.RevertWatchResponse when selected is null or { Count: 0, Agents: 0 }:
                return Marked.Nothing;
            case StoreChange.RevokeSet revoke:
                return MarkSelected(revoke.Selector, number);
            case StoreChange.ReleaseSet release:
                return MarkSelected(release.Selector, number);
            case StoreChange.RevertWatchResponse: // Whatever the response had changed.
                _marks.MarkAll(number);
                return Marked.Certificates;
            default:
                return Marked.Nothing;
        }
    }

    private Marked MarkAgent(string agent, long number)
    {
        _marks.Mark(agent, number);
        return Marked.Agents;
    }

    private Marked MarkSelected(RevocationSelector selector, long number)
    {
        switch (selector)
        {
            case { Authority: { } authority, Serial: { } serial }:
                _marks.Mark(ChangeMarks.NameOf(authority, serial.Span), number);
                break;
            case { Agent: { } agent, WithDescendants: false }:
                _marks.Mark(agent, number);
                break;
            default:
                _marks.MarkAll(number);
                break;
        }

        return Marked.Certificates;
    }

    // Asynchronously: those who wait must not run on, and hold up, the writer's thread.
    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Flags]
    private enum Marked
    {
        Nothing = 0,
        Certificates = 1,

        /// <summary>Their state, place or registration; that of what is selected, the selection tells.</summary>
        Agents = 2,
    }
}
