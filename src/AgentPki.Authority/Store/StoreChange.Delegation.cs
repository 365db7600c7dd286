namespace AgentPki.Authority.Store;

// Delegation: grants, and what may rest on them.
public abstract partial record StoreChange
{
    /// <summary>Records a grant; conflict when it is known already (a replay), when parent or child is unknown, or when what is registered of the parent was changed since it was judged.</summary>
    /// <param name="ParentRevision">The revision of the parent's registration that the grant was judged by.</param>
    public sealed record AddGrant(GrantRecord Grant, int ParentRevision) : StoreChange;

    /// <summary>The child of a grant gets its first certificate from its parent; conflict when it had it already.</summary>
    public sealed record UseGrant(byte[] Digest) : StoreChange;

    /// <summary>What the decision rests on: the agent's policy as it was read. Conflict when another is registered by then. Nothing is written.</summary>
    /// <param name="Policy">The DER; null: none.</param>
    public sealed record RequirePolicy(string AgentId, byte[]? Policy) : StoreChange;
}
