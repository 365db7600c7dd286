namespace AgentPki.Agents;

/// <summary>Who may speak for an agent: its state and its ownership decide before any key is used.</summary>
public static class AgentRules
{
    /// <summary>
    /// Why a certificate must not be issued to the agent of <paramref name="record"/>, or null when it may. An unknown agent
    /// (null record) may be: it is registered with its first certificate.
    /// </summary>
    /// <param name="owner">Who asks: the owner of the credential, or of the agent whose certificate authenticated the request.</param>
    public static string? WhyNotIssuable(AgentRecord? record, string owner) => record switch
    {
        null => null,
        { State: AgentState.Suspended } => "the agent is suspended; an operator can re-activate it",
        { State: AgentState.Retired } => "the agent is retired; its name is not used again",
        _ when !string.Equals(record.Owner, owner, StringComparison.Ordinal) => "the agent belongs to another owner",
        _ => null,
    };

    /// <summary>Retired is for good: a name that was given up must not come back with another key behind it.</summary>
    public static bool CanMove(AgentState from, AgentState to) => from != AgentState.Retired || to == AgentState.Retired;
}
