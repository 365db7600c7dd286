using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Authority.Store;

// What is done about agents by rule (docs/watching.md). RevokeSet and AddAdjustment say which response they are; what they change is noted, and what somebody else decides about the same.
public abstract partial record StoreChange
{
    /// <summary>A response, explained and not done yet. Conflict when the id exists or the agent is unknown.</summary>
    public sealed record AddWatchResponse(WatchResponse Response) : StoreChange;

    /// <summary>A response was not done; conflict unless it was begun and nothing more.</summary>
    public sealed record FailWatchResponse(string Id, string Problem) : StoreChange;

    /// <summary>
    /// Takes a response back: its narrowing ends; certificates that are held by it, and by no other response nor by anybody else, are good again; agents that are suspended by it alone become
    /// active. What was revoked stays so. Conflict when it is unknown, was not done, or was taken back before.
    /// </summary>
    /// <param name="By">Who asked.</param>
    /// <param name="ApprovedBy">Who approved; null: nobody had to.</param>
    public sealed record RevertWatchResponse(string Id, DateTimeOffset Time, string By, string? ApprovedBy) : StoreChange;
}
