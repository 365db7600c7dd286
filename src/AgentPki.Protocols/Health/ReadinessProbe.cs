namespace AgentPki.Protocols.Health;

/// <summary>
/// Asks for readiness at most once in a quarter of a second and within two seconds, however many ask: a probe costs a token signature, and anybody may
/// send one. What cannot be decided is not ready (invariant 9).
/// </summary>
internal sealed class ReadinessProbe(IReadiness readiness, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private Task<IReadOnlyList<string>>? _answer;
    private long _asked;

    public Task<IReadOnlyList<string>> ReasonsAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_answer is null || (_answer.IsCompleted && time.GetElapsedTime(_asked) >= Fresh))
            {
                (_answer, _asked) = (AskAsync(), time.GetTimestamp());
            }

            return _answer.WaitAsync(cancellationToken);
        }
    }

    // Not cancelled with the request: others wait for the same answer.
    private async Task<IReadOnlyList<string>> AskAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        try
        {
            return await readiness.ReasonsAgainstAsync(deadline.Token).AsTask().WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return [$"the checks did not end within {Deadline.TotalSeconds:0} seconds"];
        }
        catch (Exception failure) when (failure is Cryptography.KeyUnavailableException or Authority.Store.StoreUnavailableException)
        {
            return [failure is Cryptography.KeyUnavailableException ? "the key store cannot work now" : "the store cannot work now"];
        }
    }
}
