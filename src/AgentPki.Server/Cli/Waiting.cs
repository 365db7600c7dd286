namespace AgentPki.Server.Cli;

/// <summary>Waits for Ctrl-C or SIGTERM, which System.CommandLine turns into a cancelled token.</summary>
internal static class Waiting
{
    internal static async Task UntilCancelledAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // That is the way it ends.
        }
    }
}
