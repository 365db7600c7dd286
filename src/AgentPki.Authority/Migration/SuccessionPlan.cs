using System.Collections.Immutable;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Migration;

/// <summary>A successor as it is asked for.</summary>
/// <param name="Authority">The CA that issues for agents.</param>
/// <param name="Keys">The successor's key or keys.</param>
/// <param name="RootKeys">Those of a new root above it; null: the root stays.</param>
/// <param name="ServedFor">How long both chains and the roll-over certificates are given out.</param>
/// <param name="SwitchAt">When agents' certificates begin to come from the successor; null: when somebody says so.</param>
/// <param name="AllowTokenWrapped">Leave for keys that are token-wrapped although their predecessors are the token's own.</param>
public sealed record SuccessionDraft(
    string Authority, KeyKind Keys, KeyKind? RootKeys = null, TimeSpan? ServedFor = null, DateTimeOffset? SwitchAt = null, bool AllowTokenWrapped = false)
{
    public static readonly TimeSpan DefaultWindow = TimeSpan.FromDays(90);
}

/// <summary>One CA that would be made.</summary>
/// <param name="Alternative">Its second key; null: it has one.</param>
public sealed record PlannedAuthority(string Predecessor, KeyKind PredecessorKeys, string Name, string Subject, PlannedKey Key, PlannedKey? Alternative, DateTimeOffset NotAfter)
{
    public KeyKind Keys => new(Key.Algorithm, Alternative?.Algorithm);
}

/// <summary>A key that would be made, and where.</summary>
public sealed record PlannedKey(KeyAlgorithm Algorithm, string Provider, KeyProtection Protection);

/// <summary>The root that the new CA would be under.</summary>
/// <param name="IsTaken">A successor of the root that is there from an earlier start.</param>
internal sealed record SuccessionRoot(string Name, KeyKind Keys, bool IsTaken);

/// <summary>What a succession would make; nothing was changed.</summary>
public sealed record SuccessionPlan(ImmutableArray<PlannedAuthority> Authorities, DateTimeOffset ServedUntil, DateTimeOffset? SwitchAt, ImmutableArray<string> Warnings, ImmutableArray<string> Obstacles);

/// <summary>A succession as it stands.</summary>
public sealed record SuccessionStatus(SuccessionRecord Record, bool IsServed);

/// <summary>What a command did.</summary>
/// <param name="All">Every succession, oldest first.</param>
/// <param name="Remarks">What follows from it.</param>
public sealed record SuccessionChange(IReadOnlyList<SuccessionStatus> All, ImmutableArray<string> Remarks);
