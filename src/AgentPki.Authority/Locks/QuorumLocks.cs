using AgentPki.Authority.Ceremony.Quorum;

namespace AgentPki.Authority.Locks;

/// <summary>The tokens of an appliance that only officers together open. Without any, it is open.</summary>
public sealed class QuorumLocks(IReadOnlyList<QuorumLock> all) : IDisposable
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = New();
    private string? _problem;

    public IReadOnlyList<QuorumLock> All { get; } = all;

    public bool AreOpen => All.All(l => l.IsOpen);

    /// <summary>Why it is locked, in one sentence that may be shown to anybody; null when it is open.</summary>
    public string? WhyLocked
    {
        get
        {
            var locked = All.Where(l => !l.IsOpen).Select(l => $"{l.Given.Count} of {l.Threshold} officers have opened token '{l.Name}'").ToList();
            return locked.Count == 0 ? null : $"locked: {string.Join(", ", locked)}";
        }
    }

    /// <summary>Why it was locked again without anybody asking for it: a token that refused the PIN, say. Null: nothing of that kind.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>Takes an officer's share for the token that it belongs to.</summary>
    public ShareVerdict Take(OpenedShare share)
    {
        if (All.FirstOrDefault(l => l.Sealing == share.Sealing) is not { } found)
        {
            share.Dispose();
            return new(null, $"the share of {share.Officer} belongs to another sealing ({share.Sealing}): no token here was sealed so", false);
        }

        var verdict = found.Take(share);
        if (verdict.IsOpen && AreOpen)
        {
            Volatile.Write(ref _problem, null);
            Changed();
        }

        return verdict;
    }

    /// <summary>Locks all of them.</summary>
    /// <param name="problem">Why, when nobody asked for it.</param>
    /// <returns>The names of those that were open.</returns>
    public IReadOnlyList<string> Close(string? problem = null)
    {
        var closed = All.Where(l => l.Close()).Select(l => l.Name).ToList();
        Volatile.Write(ref _problem, problem);
        Changed();
        return closed;
    }

    /// <summary>Waits until all are open, or none is needed.</summary>
    public Task WaitUntilOpenAsync(CancellationToken cancellationToken) => WaitAsync(open: true, cancellationToken);

    /// <summary>Waits until somebody locks one.</summary>
    public Task WaitUntilLockedAsync(CancellationToken cancellationToken) => WaitAsync(open: false, cancellationToken);

    public void Dispose()
    {
        foreach (var one in All)
        {
            one.Dispose();
        }
    }

    private async Task WaitAsync(bool open, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
            }

            if (AreOpen == open)
            {
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Changed()
    {
        lock (_gate)
        {
            _changed.TrySetResult();
            _changed = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
