namespace AgentPki.Testing.Fixtures;

/// <summary>Lets nobody pass before the given number has arrived: two requests are then certainly past the same check.</summary>
public sealed class Rendezvous(int participants)
{
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;

    public Task ArriveAsync()
    {
        if (Interlocked.Increment(ref _arrived) >= participants)
        {
            _complete.TrySetResult();
        }

        return _complete.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
