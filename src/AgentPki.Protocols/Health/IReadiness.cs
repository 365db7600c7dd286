namespace AgentPki.Protocols.Health;

/// <summary>Whether the appliance can issue now. Composed in Server from the token, the store and the CAs.</summary>
public interface IReadiness
{
    /// <summary>Why it cannot issue, a sentence each, safe to show to anybody; empty when it can.</summary>
    ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken);
}
