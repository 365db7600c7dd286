using System.Collections.Immutable;
using AgentPki.Authority.Governance;

namespace AgentPki.Authority.Store;

// Administrators, and what waits for a second person.
public abstract partial record StoreChange
{
    /// <summary>A new administrator with his first key. Conflict when the name, or one that looks like it, or the key was ever somebody's.</summary>
    /// <param name="Likeness"><see cref="AdministratorName.Likeness"/>.</param>
    public sealed record AddAdministrator(AdministratorRecord Administrator, string Likeness) : StoreChange;

    /// <summary>Gives an administrator other roles; conflict unless he is active.</summary>
    public sealed record SetAdministratorRoles(string Name, ImmutableArray<AdminRole> Roles, ImmutableArray<string> Owners, DateTimeOffset Time) : StoreChange;

    /// <summary>Removes an administrator for good; conflict unless he is active.</summary>
    public sealed record RemoveAdministrator(string Name, DateTimeOffset Time) : StoreChange;

    /// <summary>Gives an administrator a further key; conflict unless he is active, or when it was ever somebody else's. His already: unchanged (idempotent).</summary>
    public sealed record BindAdministratorKey(string Name, string Key, DateTimeOffset Time) : StoreChange;

    /// <summary>Keeps what waits for a second person. Conflict when the id exists.</summary>
    public sealed record AddAdminRequest(AdminRequestRecord Request) : StoreChange;

    /// <summary>Decides a request; conflict unless its state is <paramref name="From"/>.</summary>
    public sealed record DecideAdminRequest(string Id, AdminRequestState From, AdminRequestState To, AdminPerson DecidedBy, string? Comment, DateTimeOffset Time) : StoreChange;

    /// <summary>Moves a decided request on; conflict unless its state is <paramref name="From"/>.</summary>
    /// <param name="Outcome">What became of it; null: nothing yet.</param>
    public sealed record MoveAdminRequest(string Id, AdminRequestState From, AdminRequestState To, string? Outcome, DateTimeOffset Time) : StoreChange;

    /// <summary>From now on a file serves as it is here.</summary>
    public sealed record ApproveFile(ApprovedFile File) : StoreChange;
}
