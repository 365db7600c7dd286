namespace AgentPki.Server.Cli;

/// <summary>What the process says to scripts. Part of the command line's contract: documented in the operator's manual.</summary>
public static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A check or a verification found something wrong (<c>doctor</c>, <c>audit verify</c>, <c>profile check</c>).</summary>
    public const int CheckFailed = 1;

    /// <summary>The command line or the configuration is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>The environment forbids it: a port in use, a home that is not writable, a token that cannot be opened.</summary>
    public const int Environment = 3;

    /// <summary>The appliance understood and refused.</summary>
    public const int Refused = 4;

    /// <summary>No appliance runs on this home.</summary>
    public const int NotRunning = 5;

    /// <summary>Nothing was done yet: it waits for a second person.</summary>
    public const int Waits = 6;

    /// <summary>A defect of this program.</summary>
    public const int Internal = 70;

    /// <summary>Interrupted (128 + SIGINT), when there was something left to do.</summary>
    public const int Interrupted = 130;
}
