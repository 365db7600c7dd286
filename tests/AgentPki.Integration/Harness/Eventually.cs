namespace AgentPki.Integration.Harness;

/// <summary>Waits for what happens in another process.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, Func<string> complaint, Func<bool>? giveUp = null)
    {
        var end = TimeProvider.System.GetTimestamp() + (long)(limit.TotalSeconds * TimeProvider.System.TimestampFrequency);
        while (!await condition())
        {
            if (TimeProvider.System.GetTimestamp() > end || giveUp?.Invoke() == true)
            {
                Assert.Fail(complaint());
            }

            await Task.Delay(50);
        }
    }
}
