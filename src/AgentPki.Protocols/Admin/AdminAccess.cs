using System.Collections.Immutable;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;

namespace AgentPki.Protocols.Admin;

/// <summary>When an operation waits for a second person.</summary>
internal enum SecondPerson
{
    Never,

    /// <summary>When it takes more certificates than <c>limits: unconfirmedRevocations</c>.</summary>
    AboveLimit,

    Always,
}

/// <summary>
/// Who may call an operation: nobody but the roles it names (default deny). The table in <c>docs/roles.md</c> says the same, and a test holds one against
/// the other.
/// </summary>
internal sealed record AdminAccess
{
    private AdminAccess(ImmutableArray<AdminRole> roles) => Roles = roles;

    public ImmutableArray<AdminRole> Roles { get; private init; }

    /// <summary>An owner may call it for what is his owners' own (<see cref="AdminCall.Owners"/>): the operation itself sees to that.</summary>
    public bool IsOwnersToo { get; private init; }

    /// <summary>Whoever may open the socket may call it, without a certificate too, in a production home too.</summary>
    public bool IsForPeers { get; private init; }

    public SecondPerson Second { get; private init; }

    /// <summary>Who may be the second person.</summary>
    public ImmutableArray<AdminRole> Approvers { get; private init; } = [];

    /// <summary>Whoever came by an admin door, without a certificate too: what tells an operator how it is, and what carries its own proof.</summary>
    public static AdminAccess Peers { get; } = new(AdminRoles.All) { IsForPeers = true };

    /// <summary>Every role but owners, who see their own only.</summary>
    public static AdminAccess Readers { get; } = Of([.. AdminRoles.All.Where(r => r != AdminRole.Owner)]);

    /// <summary>Every role, owners too: what is no owner's.</summary>
    public static AdminAccess Everyone { get; } = new(AdminRoles.All);

    /// <summary>What carries details of the ledger or the contents of requests.</summary>
    public static AdminAccess Auditors { get; } = Of(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator, AdminRole.Auditor);

    public static AdminAccess Officers { get; } = Of(AdminRole.Officer);

    public static AdminAccess CaAdministrators { get; } = Of(AdminRole.CaAdministrator);

    public static AdminAccess RaAdministrators { get; } = Of(AdminRole.RaAdministrator);

    /// <summary>An emergency waits for nobody's role.</summary>
    public static AdminAccess Revokers { get; } = Of(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator);

    /// <summary>Enrolment's people and the CA's.</summary>
    public static AdminAccess Administrators { get; } = Of(AdminRole.CaAdministrator, AdminRole.RaAdministrator);

    public static AdminAccess Of(params ImmutableArray<AdminRole> roles) => new(roles);

    /// <summary>And owners, for their own.</summary>
    public AdminAccess AndOwners() => this with { IsOwnersToo = true };

    /// <summary>And these.</summary>
    public AdminAccess And(params ImmutableArray<AdminRole> roles) => this with { Roles = [.. Roles, .. roles] };

    /// <summary>It waits until another person with one of these roles says yes.</summary>
    public AdminAccess Approved(params ImmutableArray<AdminRole> approvers) => this with { Second = SecondPerson.Always, Approvers = approvers };

    /// <summary>The same, where it takes more than the limit.</summary>
    public AdminAccess ApprovedAboveLimit(params ImmutableArray<AdminRole> approvers) => this with { Second = SecondPerson.AboveLimit, Approvers = approvers };

    /// <summary>Null when this caller may; else what he lacks.</summary>
    public PkiProblem? WhyNot(AdminCaller caller)
    {
        if (IsForPeers || caller.Roles.Any(Roles.Contains) || (IsOwnersToo && caller.Roles.Contains(AdminRole.Owner)))
        {
            return null;
        }

        var wanted = AdminRoles.Words(IsOwnersToo ? Roles.Add(AdminRole.Owner) : Roles).Replace(", ", " or ", StringComparison.Ordinal);
        return caller.Credential is null && caller.Roles.IsEmpty
            ? new PkiProblem(PkiProblemKind.Unauthenticated, $"this wants the role {wanted}, and administrators are known by their certificate: name yours with --as FILE or AGENTPKI_ADMIN=FILE")
            : new PkiProblem(PkiProblemKind.Unauthorized, $"this wants the role {wanted}; {caller.Name} has {(caller.Roles.IsEmpty ? "none" : AdminRoles.Words(caller.Roles))}");
    }

    /// <summary>The owners that an allowed caller is confined to; null: none, he sees all.</summary>
    public ImmutableArray<string>? OwnersOf(AdminCaller caller) => IsForPeers || caller.Roles.Any(Roles.Contains) ? null : caller.Owners;
}
