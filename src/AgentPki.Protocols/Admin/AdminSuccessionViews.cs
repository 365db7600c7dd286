using System.Text.Json.Serialization;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

/// <summary>A CA and the one that takes its place.</summary>
/// <param name="IsServed">Both chains and the roll-over certificates are given out now.</param>
/// <param name="SuccessorPem">Its certificate.</param>
/// <param name="NewWithOld">PEM; of a root only. Likewise <paramref name="OldWithNew"/>.</param>
public sealed record SuccessionView(
    string Predecessor, string Successor, SuccessionState State, DateTimeOffset Created, DateTimeOffset? SwitchAt, DateTimeOffset ServedUntil, bool IsServed, string SuccessorPem, string? NewWithOld, string? OldWithNew);

public sealed record SuccessionsView(IReadOnlyList<SuccessionView> Successions);

/// <summary>What a command did.</summary>
/// <param name="Remarks">What follows from it.</param>
public sealed record SuccessionChangeView(IReadOnlyList<SuccessionView> Successions, IReadOnlyList<string> Remarks);

/// <summary>A CA that would be made.</summary>
/// <param name="KeyAlgorithm">Two as <c>catalyst ecdsa-p256 + ml-dsa-65</c>; likewise <paramref name="PredecessorKeyAlgorithm"/>.</param>
/// <param name="AlternativeKeyProvider">Of the second of two; likewise <paramref name="AlternativeKeyProtection"/>.</param>
public sealed record PlannedAuthorityView(
    string Predecessor,
    string PredecessorKeyAlgorithm,
    string Name,
    string Subject,
    string KeyAlgorithm,
    string KeyProvider,
    string KeyProtection,
    string? AlternativeKeyProvider,
    string? AlternativeKeyProtection,
    DateTimeOffset NotAfter);

/// <summary>A dry run.</summary>
/// <param name="Obstacles">Why it cannot start; empty: it can.</param>
public sealed record SuccessionPlanView(
    IReadOnlyList<PlannedAuthorityView> Authorities, DateTimeOffset ServedUntil, DateTimeOffset? SwitchAt, IReadOnlyList<string> Warnings, IReadOnlyList<string> Obstacles);

/// <summary>A successor to plan or to make.</summary>
/// <param name="Authority">The CA that issues for agents.</param>
/// <param name="KeyAlgorithm">Of its successor; two as <c>catalyst ecdsa-p256 + ml-dsa-65</c>.</param>
/// <param name="RootKeyAlgorithm">Of a new root, likewise; null: the root stays.</param>
/// <param name="ServedFor">Seconds; null: 90 days.</param>
/// <param name="SwitchAt">When agents' certificates begin to come from the successor; null: when told.</param>
/// <param name="AllowTokenWrapped">Leave for keys that are token-wrapped.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SuccessionCommand(
    string Authority, string KeyAlgorithm, string? RootKeyAlgorithm = null, long? ServedFor = null, DateTimeOffset? SwitchAt = null, bool AllowTokenWrapped = false);
