using System.Collections.Immutable;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Decisions;

/// <summary>An agent as decisions know it: what its record says, and what its certificate carries. Nothing of it comes from whoever asks.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Path">The ID without scheme and trust domain, which policies match.</param>
/// <param name="Tier">Its risk tier; null: none was given.</param>
/// <param name="Environment">Where it runs; null: not known.</param>
/// <param name="Profile">The profile of its certificate.</param>
/// <param name="CertificateSha256">Of the certificate's DER.</param>
/// <param name="Bounds">What its certificate carries, and what is registered of it, as far as there is either: each of them holds.</param>
public sealed record DecisionSubject(string Id, string Path, string Owner, string? Tier, string? Environment, string Profile, ReadOnlyMemory<byte> CertificateSha256, ImmutableArray<AgentPolicy> Bounds)
{
    /// <summary>The end of its certificate.</summary>
    public DateTimeOffset NotAfter { get; init; } = DateTimeOffset.MaxValue;
}
