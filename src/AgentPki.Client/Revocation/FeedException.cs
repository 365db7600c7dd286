namespace AgentPki.Client.Revocation;

/// <summary>What the appliance, or whoever answers in its place, sent is not what can be believed or used. The text is one sentence without its full stop.</summary>
internal sealed class FeedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The appliance does not keep it any more: statements from that point on, or a set.</summary>
    public bool IsGone { get; init; }

    /// <summary>It is statements that are not kept: where to begin is the snapshot.</summary>
    public bool IsPast { get; init; }

    /// <summary>The server refused or could not, and said nothing that had to be believed.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>When the appliance wants to be asked again; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
