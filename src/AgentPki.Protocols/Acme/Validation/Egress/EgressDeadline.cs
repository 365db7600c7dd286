namespace AgentPki.Protocols.Acme.Validation.Egress;

/// <summary>The time that one validation may take, whatever the other side does.</summary>
internal sealed class EgressDeadline : IDisposable
{
    private readonly CancellationTokenSource _expiry;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _total;

    public EgressDeadline(TimeSpan total, TimeProvider time, CancellationToken caller)
    {
        (_total, _caller) = (total, caller);
        _expiry = new CancellationTokenSource(total, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _expiry.Token);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Whether a cancellation was this deadline's and not the caller's.</summary>
    public bool HasPassed => _expiry.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>For texts: "within 15 s".</summary>
    public string Within => $"within the {_total.TotalSeconds:0.#} s that a validation may take";

    public void Dispose()
    {
        _either.Dispose();
        _expiry.Dispose();
    }
}
