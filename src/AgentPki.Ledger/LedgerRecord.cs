namespace AgentPki.Ledger;

/// <summary>An entry as it is kept: its leaf, and the salt and details that the leaf commits to.</summary>
/// <param name="Salt"><see cref="LedgerCommitment.SaltSize"/> octets; null once erased.</param>
/// <param name="EncodedDetails">The canonical octets of <see cref="LedgerDetails"/>; null once erased.</param>
public sealed record LedgerRecord(LedgerLeaf Leaf, ReadOnlyMemory<byte>? Salt, ReadOnlyMemory<byte>? EncodedDetails)
{
    /// <summary>The details were erased (their erasure is an entry of its own); the leaf stands.</summary>
    public bool IsErased => Salt is null && EncodedDetails is null;

    /// <summary>Whether the details are there and are what the leaf commits to.</summary>
    public bool MatchesCommitment => Salt is { } salt && EncodedDetails is { } details && LedgerCommitment.Matches(Leaf, salt.Span, details.Span);

    /// <summary>The details; null when erased or not decodable.</summary>
    public LedgerDetails? Details => EncodedDetails is { } encoded && LedgerDetails.TryDecode(encoded.Span, out var details) ? details : null;
}
