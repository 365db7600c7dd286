using System.Text;
using System.Text.Json;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>What waits, or waited, for a second person.</summary>
internal static class AdminRequests
{
    private static readonly AdminAccess Deciders = AdminAccess.Of(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator);

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/requests", "listRequests", AdminAccess.Auditors.AndOwners(), "What waits, or waited, for a second person, newest first.", AdminJson.Default.AdminRequestsView, ListAsync,
            new AdminParameter("state", "string", "pending, approved, rejected, cancelled, expired, running, done, failed, interrupted or refused; all of them unless told otherwise."),
            new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/requests/{id}", "getRequest", AdminAccess.Auditors.AndOwners(), "One request, with what it would do octet by octet, and what became of it.", AdminJson.Default.AdminRequestView, FindAsync),
        AdminOperation.Of("/requests/{id}/approve", "approveRequest", Deciders, "A second person says yes to exactly what he saw: it is run at once, as whoever asked.", AdminJson.Default.ApproveRequestCommand, AdminJson.Default.AdminRequestView, ApproveAsync),
        AdminOperation.Of("/requests/{id}/reject", "rejectRequest", Deciders, "A second person says no.", AdminJson.Default.RejectRequestCommand, AdminJson.Default.AdminRequestView, RejectAsync),
        AdminOperation.Of(HttpMethods.Post, "/requests/{id}/cancel", "cancelRequest", AdminAccess.Everyone, "Who asked does not want it any more.", AdminJson.Default.AdminRequestView, CancelAsync),
    ];

    /// <summary>What a 202 answers: the request as it waits.</summary>
    public static byte[] Answer(AdminRequestRecord record) => JsonSerializer.SerializeToUtf8Bytes(View(record, whole: true), AdminJson.Default.AdminRequestView);

    private static async ValueTask<Outcome<AdminRequestsView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        AdminRequestState? state = null;
        if (call.Query("state") is { } text)
        {
            if (!Enum.TryParse<AdminRequestState>(text, ignoreCase: true, out var parsed) || !text.All(char.IsAsciiLetter))
            {
                return new Outcome<AdminRequestsView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'state' must be one of {string.Join(", ", Enum.GetNames<AdminRequestState>()).ToLowerInvariant()}"));
            }

            state = parsed;
        }

        var requests = call.Services.Authority.AdminRequests;
        return call.Limit() switch
        {
            Outcome<int>.Done(var limit) => new Outcome<AdminRequestsView>.Done(new AdminRequestsView(
                [.. (call.Owners is null ? await requests.ListAsync(state, limit, cancellationToken) : await requests.ListOfAsync(call.Caller.Name, state, limit, cancellationToken)).Select(r => View(r, whole: false))])),
            Outcome<int>.Refused(var problem) => new Outcome<AdminRequestsView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<AdminRequestView>> FindAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var found = await call.Services.Authority.AdminRequests.FindAsync(call.Path("id"), cancellationToken);
        return call.Owners is not null && (found is null || !IsFor(call, found)) ? await call.RefuseAsync<AdminRequestView>(call.NotOwned("that is not known to be a request of yours"), cancellationToken)
            : found is null ? AdminCall.NotFound<AdminRequestView>("there is no request of that id")
            : new Outcome<AdminRequestView>.Done(View(found, whole: true));
    }

    private static async ValueTask<Outcome<AdminRequestView>> ApproveAsync(AdminCall call, ApproveRequestCommand command, CancellationToken cancellationToken)
    {
        var requests = call.Services.Authority.AdminRequests;
        var approvers = ApproversOf(await requests.FindAsync(call.Path("id"), cancellationToken));
        switch (await requests.ApproveAsync(call.Path("id"), approvers, command.Sha256, command.Comment, call.Caller, call.CorrelationId, cancellationToken))
        {
            case Outcome<AdminRequestRecord>.Done(var approved):
                await AdminExecution.RunAsync(call.Services, approved);
                return new Outcome<AdminRequestView>.Done(View(await requests.FindAsync(approved.Id, CancellationToken.None) ?? approved, whole: true));
            case Outcome<AdminRequestRecord>.Refused(var problem):
                return new Outcome<AdminRequestView>.Refused(problem);
            default:
                throw new InvalidOperationException();
        }
    }

    private static async ValueTask<Outcome<AdminRequestView>> RejectAsync(AdminCall call, RejectRequestCommand command, CancellationToken cancellationToken)
    {
        var requests = call.Services.Authority.AdminRequests;
        var approvers = ApproversOf(await requests.FindAsync(call.Path("id"), cancellationToken));
        return View(await requests.RejectAsync(call.Path("id"), approvers, command.Comment, call.Caller, call.CorrelationId, cancellationToken));
    }

    private static async ValueTask<Outcome<AdminRequestView>> CancelAsync(AdminCall call, CancellationToken cancellationToken) =>
        View(await call.Services.Authority.AdminRequests.CancelAsync(call.Path("id"), call.Caller, call.CorrelationId, cancellationToken));

    private static bool IsFor(AdminCall call, AdminRequestRecord record) => call.Owners is null || record.Requester.Name == call.Caller.Name;

    private static System.Collections.Immutable.ImmutableArray<AdminRole> ApproversOf(AdminRequestRecord? record) => record is null ? [] : AdminExecution.Find(record)?.Access.Approvers ?? [];

    private static Outcome<AdminRequestView> View(Outcome<AdminRequestRecord> outcome) => outcome switch
    {
        Outcome<AdminRequestRecord>.Done(var record) => new Outcome<AdminRequestView>.Done(View(record, whole: true)),
        Outcome<AdminRequestRecord>.Refused(var problem) => new Outcome<AdminRequestView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static AdminRequestView View(AdminRequestRecord record, bool whole) => new(
        record.Id,
        record.Operation,
        $"{record.Method} {record.Target}",
        whole ? Encoding.UTF8.GetString(record.Body) : null,
        record.Digest,
        View(record.Requester),
        record.Comment,
        record.State,
        record.Created,
        record.NotAfter,
        [.. ApproversOf(record).Select(r => r.Word())],
        record.DecidedBy is { } decider ? View(decider) : null,
        record.Decided,
        record.DecisionComment,
        record.Finished,
        whole ? record.Outcome : null);

    private static AdminPersonView View(AdminPerson person) => new(person.Name, person.Credential?.Key, person.Credential?.Authority, person.Credential?.Serial);
}
