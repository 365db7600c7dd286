namespace AgentPki.Protocols.Tests.Acme.Nonces;

/// <summary>Runs the same work on several threads at once.</summary>
internal static class Together
{
    /// <param name="work">Gets a barrier at which all threads can wait for one another.</param>
    public static async Task RunAsync(Action<Barrier> work)
    {
        var count = Math.Clamp(Environment.ProcessorCount, 2, 8);
        using var barrier = new Barrier(count);
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Factory.StartNew(
            () =>
            {
                try
                {
                    work(barrier);
                }
                finally
                {
                    barrier.RemoveParticipant(); // nobody waits for one that failed
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }
}
