using System.Collections.Immutable;

namespace AgentPki.Authority.Governance;

public enum AdministratorState : byte
{
    Active = 0,

    /// <summary>For good: the name and the keys are nobody's any more.</summary>
    Removed = 1,
}

/// <summary>Somebody who administers.</summary>
/// <param name="Name">For ever his, also when he is removed.</param>
/// <param name="Roles">At least one, in order.</param>
/// <param name="Owners">The owners that <see cref="AdminRole.Owner"/> is bound to; empty without that role.</param>
/// <param name="Keys">SHA-256 of the SubjectPublicKeyInfo of each of his keys, lower-case hexadecimal, oldest first. A key is one administrator's for ever.</param>
/// <param name="Changed">When he was added, changed or removed last.</param>
public sealed record AdministratorRecord(
    string Name, ImmutableArray<AdminRole> Roles, ImmutableArray<string> Owners, ImmutableArray<string> Keys, AdministratorState State, DateTimeOffset Created, DateTimeOffset Changed);
