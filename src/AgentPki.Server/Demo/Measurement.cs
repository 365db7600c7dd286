using AgentPki.Server.Cli;
using AgentPki.Server.Demo.Cast;

namespace AgentPki.Server.Demo;

/// <summary>How long it took until an agent was out of one place, counted from the moment before the operator's command was sent.</summary>
/// <param name="Place">Where: <c>tool service</c>, <c>OAuth</c>, <c>SPIFFE</c>, <c>re-enrolment</c>.</param>
/// <param name="What">What does not work any more.</param>
internal sealed record Measurement(string Place, string What, string Agent, TimeSpan Took)
{
    /// <exception cref="CommandException">It was not refused, or for want of somebody who says no.</exception>
    internal static Measurement Of(string place, string what, string agent, AgentAnswer answer, long since, TimeProvider clock) => answer.Outcome == AgentOutcome.Refused
        ? new Measurement(place, what, agent, clock.GetElapsedTime(since, answer.At))
        : throw new CommandException(ExitCodes.CheckFailed, $"The story went otherwise: {agent} is not out of {place}: {answer.Text}", "The logs say more.");
}
