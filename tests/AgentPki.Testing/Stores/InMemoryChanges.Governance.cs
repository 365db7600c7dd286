using System.Collections.Immutable;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

/// <summary>An administrator as he is kept.</summary>
internal sealed record KeptAdministrator(AdministratorRecord Record, string Likeness);

internal static partial class InMemoryChanges
{
    private static InMemoryState AddAdministrator(InMemoryState state, StoreChange.AddAdministrator c)
    {
        var added = c.Administrator;
        Check(!state.Administrators.Exists(a => a.Record.Name == added.Name || a.Likeness == c.Likeness), c, ConflictReasons.AdministratorExists(added.Name));
        Check(!added.Keys.Any(k => OwnerOf(state, k) is not null), c, ConflictReasons.AdministratorKeyTaken);
        return state with { Administrators = state.Administrators.Add(new KeptAdministrator(added with { Created = Milliseconds(added.Created), Changed = Milliseconds(added.Changed) }, c.Likeness)) };
    }

    private static InMemoryState SetAdministratorRoles(InMemoryState state, StoreChange.SetAdministratorRoles c) =>
        Change(state, c, c.Name, a => a with { Roles = c.Roles, Owners = c.Owners, Changed = Milliseconds(c.Time) });

    private static InMemoryState RemoveAdministrator(InMemoryState state, StoreChange.RemoveAdministrator c) =>
        Change(state, c, c.Name, a => a with { State = AdministratorState.Removed, Changed = Milliseconds(c.Time) });

    private static InMemoryState BindAdministratorKey(InMemoryState state, StoreChange.BindAdministratorKey c)
    {
        var owner = OwnerOf(state, c.Key);
        var changed = Change(state, c, c.Name, a => a with { Keys = owner == c.Name ? a.Keys : a.Keys.Add(c.Key) });
        Check(owner is null || owner == c.Name, c, ConflictReasons.AdministratorKeyTaken);
        return changed;
    }

    private static InMemoryState AddAdminRequest(InMemoryState state, StoreChange.AddAdminRequest c)
    {
        var added = c.Request;
        Check(!state.AdminRequests.Exists(r => r.Id == added.Id), c, ConflictReasons.AdminRequestExists(added.Id));
        return state with { AdminRequests = state.AdminRequests.Add(added with { Created = Milliseconds(added.Created), NotAfter = Milliseconds(added.NotAfter) }) };
    }

    private static InMemoryState DecideAdminRequest(InMemoryState state, StoreChange.DecideAdminRequest c) =>
        Move(state, c, c.Id, c.From, r => r with { State = c.To, DecidedBy = c.DecidedBy, DecisionComment = c.Comment, Decided = Milliseconds(c.Time) });

    private static InMemoryState MoveAdminRequest(InMemoryState state, StoreChange.MoveAdminRequest c) =>
        Move(state, c, c.Id, c.From, r => r with { State = c.To, Outcome = c.Outcome, Finished = c.To == AdminRequestState.Running ? null : Milliseconds(c.Time) });

    private static InMemoryState ApproveFile(InMemoryState state, StoreChange.ApproveFile c) =>
        state with { ApprovedFiles = state.ApprovedFiles.SetItem(c.File.Name, c.File with { Approved = Milliseconds(c.File.Approved) }) };

    private static string? OwnerOf(InMemoryState state, string key) => state.Administrators.Find(a => a.Record.Keys.Contains(key))?.Record.Name;

    private static InMemoryState Change(InMemoryState state, StoreChange change, string name, Func<AdministratorRecord, AdministratorRecord> with)
    {
        var known = state.Administrators.Find(a => a.Record.Name == name && a.Record.State == AdministratorState.Active);
        Check(known is not null, change, ConflictReasons.AdministratorNotActive(name));
        return state with { Administrators = state.Administrators.Replace(known!, known! with { Record = with(known!.Record) }) };
    }

    private static InMemoryState Move(InMemoryState state, StoreChange change, string id, AdminRequestState from, Func<AdminRequestRecord, AdminRequestRecord> with)
    {
        var known = state.AdminRequests.Find(r => r.Id == id && r.State == from);
        Check(known is not null, change, ConflictReasons.AdminRequestMoved(id, from));
        return state with { AdminRequests = state.AdminRequests.Replace(known!, with(known!)) };
    }
}
