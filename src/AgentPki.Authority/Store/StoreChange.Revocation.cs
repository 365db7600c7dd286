using AgentPki.Agents;

namespace AgentPki.Authority.Store;

// Revocation: the one truth (docs/adr/0012-one-revocation-truth.md). Each request with a change that takes effect raises the epoch by one and is one event.
public abstract partial record StoreChange
{
    /// <summary>
    /// Revokes one certificate; conflict when unknown. Already revoked: unchanged (idempotent), the first reason and time stay; held or released: revoked now. For a compromise or a
    /// withdrawn privilege its keys are blocked in any case.
    /// </summary>
    public sealed record RevokeCertificate(string Authority, byte[] Serial, DateTimeOffset Time, RevocationReason Reason) : StoreChange;

    /// <summary>
    /// Revokes (or, with <see cref="RevocationReason.CertificateHold"/>, holds) whatever is selected and has not ended; one certificate named by its serial number also after
    /// its end, and conflict when it is unknown. What is revoked already stays as it is; what is held or released is revoked, what was released can be held again.
    /// For a compromise or a withdrawn privilege (<see cref="RevocationReasons.BlocksKeys"/>) the keys of whatever meets the conditions are blocked, revoked before or ended though it
    /// may be, as is the selected key itself, known or not.
    /// </summary>
    /// <param name="InvalidSince">RFC 5280 §5.3.2 invalidityDate; null: unknown.</param>
    /// <param name="Agents">The state that selected active or suspended agents are put into, where the selector names agents alone; null: theirs stays.</param>
    /// <param name="Response">The response by rule that this is, which is done with it (the selector names agents); conflict when it was not begun. Null: somebody decided it.</param>
    public sealed record RevokeSet(RevocationSelector Selector, DateTimeOffset Time, RevocationReason Reason, DateTimeOffset? InvalidSince = null, AgentState? Agents = null, string? Response = null) : StoreChange;

    /// <summary>Ends the hold of whatever is selected and held; the rest stays as it is.</summary>
    /// <param name="Agents">Whether selected agents that a hold suspended, and nothing else, become active again, where the selector names agents alone.</param>
    public sealed record ReleaseSet(RevocationSelector Selector, DateTimeOffset Time, bool Agents = false) : StoreChange;

    /// <summary>Says who spawned an agent (null: nobody); conflict when one of them is unknown, has another owner, or would become its own ancestor, or the parent is not active.</summary>
    public sealed record SetAgentParent(string AgentId, string? ParentId) : StoreChange;
}
