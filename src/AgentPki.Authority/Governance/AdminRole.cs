using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Authority.Governance;

/// <summary>What an administrator may be. The numbers stand in no store: the words of <see cref="AdminRoles"/> do.</summary>
public enum AdminRole
{
    /// <summary>Answers for who administers: administrators, roles, their certificates; second person for what changes CAs.</summary>
    Officer,

    /// <summary>CAs, successions, campaigns, profiles, CRLs.</summary>
    CaAdministrator,

    /// <summary>Enrolment: credentials, approvals, agents, accounts, revocation.</summary>
    RaAdministrator,

    /// <summary>The agents, credentials and certificates of the owners it is bound to, and no others.</summary>
    Owner,

    /// <summary>Reads everything, the ledger included; changes nothing.</summary>
    Auditor,

    /// <summary>Reads what there is, without the ledger's details and without requests' contents.</summary>
    ReadOnly,
}

/// <summary>Roles as words: <c>ca-administrator</c>.</summary>
public static class AdminRoles
{
    /// <summary>All of them, in the order of the table in <c>docs/roles.md</c>.</summary>
    public static ImmutableArray<AdminRole> All { get; } = [.. Enum.GetValues<AdminRole>()];

    public static string Word(this AdminRole role) => role switch
    {
        AdminRole.Officer => "officer",
        AdminRole.CaAdministrator => "ca-administrator",
        AdminRole.RaAdministrator => "ra-administrator",
        AdminRole.Owner => "owner",
        AdminRole.Auditor => "auditor",
        AdminRole.ReadOnly => "read-only",
    };

    /// <summary>Joined by commas, in one order.</summary>
    public static string Words(IEnumerable<AdminRole> roles) => string.Join(", ", roles.Distinct().Order().Select(Word));

    public static bool TryParse(string text, [NotNullWhen(true)] out AdminRole? role)
    {
        role = null;
        foreach (var candidate in All)
        {
            if (candidate.Word() == text)
            {
                role = candidate;
            }
        }

        return role is not null;
    }
}
