using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching;

/// <summary>Event ids 2600 to 2649.</summary>
internal static partial class Log
{
    [LoggerMessage(2600, LogLevel.Warning, "Agent {Agent} behaves unusually ({Detector}): {Explanation}")]
    public static partial void Found(ILogger logger, string agent, string detector, string explanation);

    [LoggerMessage(2601, LogLevel.Warning, "Response {Response} to agent {Agent} was done by rule (response {Id}): {Explanation}")]
    public static partial void Answered(ILogger logger, string response, string agent, string id, string explanation);

    [LoggerMessage(2602, LogLevel.Error, "Response {Response} to agent {Agent} was not done (response {Id}): {Reason}. Look at the agent yourself")]
    public static partial void NotAnswered(ILogger logger, string response, string agent, string id, string reason);

    [LoggerMessage(2603, LogLevel.Error, "A finding about agent {Agent} is not in the ledger: the store is down")]
    public static partial void NotRecorded(ILogger logger, string agent, Exception failure);

    [LoggerMessage(2605, LogLevel.Information, "What was learnt of the behaviour of {Agents} agents was read from {File}")]
    public static partial void Remembered(ILogger logger, int agents, string file);

    [LoggerMessage(2606, LogLevel.Warning, "What was learnt of agents' behaviour is not read from {File}, and learnt anew: {Reason}")]
    public static partial void NotRemembered(ILogger logger, string file, string reason);

    [LoggerMessage(2607, LogLevel.Error, "What was learnt of agents' behaviour was not written to {File}: after a restart that of the last time counts")]
    public static partial void NotKept(ILogger logger, string file, Exception failure);

    [LoggerMessage(2608, LogLevel.Warning, "What was done by rule within the last hour could not be read: its limit begins anew, and what was begun is not finished before the next start")]
    public static partial void NotResumed(ILogger logger, Exception failure);

    [LoggerMessage(2604, LogLevel.Error, "An event of agent {Agent} could not be judged; the next follows")]
    public static partial void NotJudged(ILogger logger, string agent, Exception failure);
}
