namespace AgentPki.Client.Revocation;

/// <summary>What is known of a certificate by the revocation feed. Closed. Only <see cref="Good"/> lets anybody in.</summary>
public abstract record RevocationStatus
{
    private RevocationStatus()
    {
    }

    /// <summary>Whether the certificate may be used.</summary>
    public bool IsGood => this is Good;

    /// <summary>Not revoked as of <paramref name="AsOf"/>, by the appliance's clock.</summary>
    /// <param name="Sequence">The revocation epoch as of which that is so.</param>
    public sealed record Good(long Sequence, DateTimeOffset AsOf) : RevocationStatus;

    /// <summary>Revoked for good; or held, where that was before this follower began and the snapshot does not tell one from the other.</summary>
    /// <param name="Reason">RFC 5280 §5.3.1 CRLReason; null: before this follower began.</param>
    /// <param name="Sequence">The event that revoked it, or up to which the snapshot goes.</param>
    public sealed record Revoked(int? Reason, DateTimeOffset? Time, long Sequence) : RevocationStatus;

    /// <summary>Held (certificateHold): not to be used, and may become good again.</summary>
    public sealed record Held(DateTimeOffset Time, long Sequence) : RevocationStatus;

    /// <summary>It may be among a set's members, and the part of the set that tells is not here: <see cref="RevocationView.CheckAsync"/> fetches it.</summary>
    public sealed record NotKnown(string Set, int Bucket) : RevocationStatus;

    /// <summary>Nothing current was heard of the feed for longer than is tolerated: fail closed.</summary>
    /// <param name="AsOf">As of when the last was current; null: nothing yet.</param>
    public sealed record Stale(DateTimeOffset? AsOf) : RevocationStatus;

    /// <summary>Its issuer is none of the CAs that the feed speaks of, or the certificate does not say which: another source must be asked.</summary>
    public sealed record NotCovered : RevocationStatus;
}
