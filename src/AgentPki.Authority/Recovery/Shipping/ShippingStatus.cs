namespace AgentPki.Authority.Recovery.Shipping;

/// <summary>How shipping does.</summary>
/// <param name="Problem">Why it does not, as a sentence; null: it does.</param>
/// <param name="IsSuperseded">Another machine ships a later epoch of this log: it was restored there, and this one is not to go on.</param>
/// <param name="Shipped">The ledger's size up to which it lies on the target.</param>
/// <param name="WaitingSince">Since when the oldest commit waits that is not there yet; null: all is there.</param>
/// <param name="Generation">The folder on the target.</param>
public sealed record ShippingStatus(string? Problem, bool IsSuperseded, long Shipped, DateTimeOffset? WaitingSince, string? Generation);
