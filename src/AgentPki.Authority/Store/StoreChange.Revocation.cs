using AgentPki.Agents;

namespace AgentPki.Authority.Store;

// Revocation: the one truth (docs/adr/0012-one-revocation-truth.md). Each request with a change that takes effect raises the epoch by one and is one event.
public abstract partial record StoreChange
{
    /// <summary>Revokes one certificate; conflict when unknown. Already revoked: unchanged (idempotent), the first reason and time stay; held or released: revoked now.</summary>
    public sealed record RevokeCertificate(string Authority, byte[] Serial, DateTimeOffset Time, RevocationReason Reason) : StoreChange;

    /// <summary>
    /// Revokes (or, with <see cref="RevocationReason.CertificateHold"/>, holds) whatever is selected and has not ended; one certificate named by its serial number also after
    /// its end, and conflict when it is unknown. What is revoked already stays as it is; what is held or released is revoked, what was released can be held again.
    /// Keys of what is revoked for a compromise or a withdrawn privilege are blocked, as is the selected key itself, known or not.
    /// </summary>
    /// <param name="InvalidSince">RFC 5280 §5.3.2 invalidityDate; null: unknown.</param>
    /// <param name="Agents">The state that selected active or suspended agents are put into, where the selector names agents alone; null: theirs stays.</param>
    public sealed record RevokeSet(RevocationSelector Selector, DateTimeOffset Time, RevocationReason Reason, DateTimeOffset? InvalidSince = null, AgentState? Agents = null) : StoreChange;

    /// <summary>Ends the hold of whatever is selected and held; the rest stays as it is.</summary>
    /// <param name="Agents">Whether selected agents that are suspended become active again, where the selector names agents alone.</param>
    public sealed record ReleaseSet(RevocationSelector Selector, DateTimeOffset Time, bool Agents = false) : StoreChange;

    /// <summary>Says who spawned an agent (null: nobody); conflict when one of them is unknown, has another owner, or would become its own ancestor.</summary>
    public sealed record SetAgentParent(string AgentId, string? ParentId) : StoreChange;
}
