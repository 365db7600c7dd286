namespace AgentPki.Load.Driving;

/// <summary>How long, how much and in what way; bounded in time and in number whatever was asked.</summary>
/// <param name="Connections">Number of connections, and of threads.</param>
/// <param name="WarmUp">Unmeasured time before, in which the server's code is compiled.</param>
/// <param name="Duration">Measured time at most.</param>
/// <param name="Count">Measured exchanges at most.</param>
/// <param name="NewConnectionEachTime">Close and open again around every exchange; the opening is part of the latency.</param>
internal sealed record RunPlan(int Connections, TimeSpan WarmUp, TimeSpan Duration, long Count, bool NewConnectionEachTime)
{
    internal const int MaximumConnections = 512;
    internal const int MaximumSeconds = 3600;
    internal const long MaximumCount = 10_000_000;

    internal RunPlan Checked()
    {
        if (Connections is < 1 or > MaximumConnections)
            throw new LoadException($"--connections is 1 to {MaximumConnections}.");
        if (Duration <= TimeSpan.Zero || Duration.TotalSeconds > MaximumSeconds || WarmUp < TimeSpan.Zero || WarmUp.TotalSeconds > MaximumSeconds)
            throw new LoadException($"--seconds and --warmup are at most {MaximumSeconds}.");
        return Count is >= 1 and <= MaximumCount ? this : throw new LoadException($"--count is 1 to {MaximumCount}.");
    }
}
