namespace AgentPki.Authority.Store;

// The revocation feed (docs/revocation-feed.md).
public abstract partial record StoreChange
{
    /// <summary>
    /// What the feed says of an event, before it is said; conflict unless its sequence is greater than every earlier one. Statements up to <paramref name="Forget"/>, and those signed
    /// before <paramref name="ForgetBefore"/>, are deleted.
    /// </summary>
    public sealed record AddFeedStatement(FeedStatement Statement, long Forget, DateTimeOffset ForgetBefore) : StoreChange;

    /// <summary>A signer of the feed. Known already: unchanged (idempotent). Those that ended more than a year before are deleted.</summary>
    public sealed record AddFeedSigner(byte[] Thumbprint, byte[] Chain, DateTimeOffset NotAfter) : StoreChange;
}
