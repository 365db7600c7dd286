namespace AgentPki.Client.Revocation;

/// <summary>What the appliance, or whoever answers in its place, sent is not what can be believed or used. The text is one sentence without its full stop.</summary>
internal sealed class FeedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The appliance keeps no statements from that point on any more.</summary>
    public bool IsGone { get; init; }
}
