using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Who answers for agents. Names stand in bodies and queries: they are people's and teams' own, and may have any character in them.</summary>
internal static class AdminOwners
{
    private static readonly AdminAccess Changers = AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator);

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/owners", "listOwners", AdminAccess.Readers.AndOwners(), "Owners with the number of their agents, by name.", AdminJson.Default.OwnersView, ListAsync,
            new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise."), new AdminParameter("state", "string", "active or left; all of them unless told otherwise."), new AdminParameter("name", "string", "Only this one."), new AdminParameter("after", "string", "Those whose name comes after this one.")),
        AdminOperation.Of("/owners", "putOwner", Changers, "Adds an owner, or says of one what he is.", AdminJson.Default.PutOwnerCommand, AdminJson.Default.OwnerChangedView, PutAsync),
        AdminOperation.Of("/owners/leave", "leaveOwner", Changers, "An owner answers for nothing any more: his agents are orphans, and suspended when the rules' grace is over.", AdminJson.Default.OwnerCommand, AdminJson.Default.OwnerChangedView,
            async (call, command, token) => View(await call.Services.Authority.Owners.LeaveAsync(command.Name, call.Actor, call.CorrelationId, token))),
        AdminOperation.Of("/owners/return", "returnOwner", Changers, "An owner is back: agents that were suspended because he had left are active again.", AdminJson.Default.OwnerCommand, AdminJson.Default.OwnerChangedView,
            async (call, command, token) => View(await call.Services.Authority.Owners.ReturnAsync(command.Name, call.Actor, call.CorrelationId, token))),
    ];

    private static async ValueTask<Outcome<OwnersView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        OwnerState? state = null;
        if (call.Query("state") is { } text)
        {
            if (!Enum.TryParse<OwnerState>(text, ignoreCase: true, out var parsed) || !text.All(char.IsAsciiLetter))
            {
                return new Outcome<OwnersView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'state' must be active or left"));
            }

            state = parsed;
        }

        if (call.Limit() is not Outcome<int>.Done(var limit))
        {
            return new Outcome<OwnersView>.Refused(((Outcome<int>.Refused)call.Limit()).Problem);
        }

        var found = await call.Services.Authority.Stores.Agents.ListOwnersAsync(state, AdminOwnership.Among(call, call.Query("name")), call.Query("after"), limit, cancellationToken);
        return new Outcome<OwnersView>.Done(new OwnersView(
            [.. found.Select(o => new OwnerView(o.Owner.Name, o.Owner.Kind, o.Owner.Contact, o.Owner.State, o.Owner.Created, o.Owner.Left, o.Agents, o.Suspended))], found.Count == limit ? found[^1].Owner.Name : null));
    }

    private static async ValueTask<Outcome<OwnerChangedView>> PutAsync(AdminCall call, PutOwnerCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.Owners.PutAsync(command.Name, command.Kind, command.Contact, call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<OwnerRecord>.Done(var owner) => new Outcome<OwnerChangedView>.Done(new OwnerChangedView(owner.Name, owner.State, owner.Left, 0)),
            Outcome<OwnerRecord>.Refused(var problem) => new Outcome<OwnerChangedView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static Outcome<OwnerChangedView> View(Outcome<(OwnerRecord Owner, long Agents)> outcome) => outcome switch
    {
        Outcome<(OwnerRecord Owner, long Agents)>.Done(var (owner, agents)) => new Outcome<OwnerChangedView>.Done(new OwnerChangedView(owner.Name, owner.State, owner.Left, agents)),
        Outcome<(OwnerRecord Owner, long Agents)>.Refused(var problem) => new Outcome<OwnerChangedView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };
}
