using AgentPki.X509.Names;

namespace AgentPki.X509.AgentPolicies;

/// <summary>Whose child an agent is, and by which grant: not by which certificate, for that is renewed.</summary>
/// <param name="Agent">The parent.</param>
/// <param name="Grant">SHA-256 of the grant, 32 octets.</param>
public sealed record ParentGrant(SpiffeId Agent, ReadOnlyMemory<byte> Grant)
{
    /// <summary>Octets of a grant's digest.</summary>
    public const int DigestOctets = 32;

    public bool Equals(ParentGrant? other) => other is not null && Agent == other.Agent && Grant.Span.SequenceEqual(other.Grant.Span);

    public override int GetHashCode() => Agent.GetHashCode();
}
