using System.Globalization;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Watching.Responses;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>What was done about agents by rule, and how two people take it back.</summary>
internal static class AdminWatchResponses
{
    private const int MostAffected = 1000;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/watch", "getWatch", AdminAccess.Readers, "How the watch goes: its rules, how much it sees and has not seen, what it did of late, and who is told.", AdminJson.Default.WatchStatusView, StatusAsync),
        AdminOperation.Of(HttpMethods.Get, "/watch/responses", "listWatchResponses", AdminAccess.Readers.AndOwners(), "What was done about agents by rule, newest first.", AdminJson.Default.WatchResponsesView, ListAsync,
            new AdminParameter("agent", "string", "Only those to this agent."), new AdminParameter("state", "string", "begun, done, notDone or reverted; all of them unless told otherwise."),
            new AdminParameter("from", "string", "Only those of that time or later (RFC 3339)."), new AdminParameter("before", "string", "Only those before that time (RFC 3339)."),
            new AdminParameter("after", "string", "Those that are older than the one of this id."), new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/watch/responses/{id}", "getWatchResponse", AdminAccess.Readers.AndOwners(), "One response by rule, and the agents that it changed.", AdminJson.Default.WatchResponseDetailsView, FindAsync),
        AdminOperation.Of(HttpMethods.Post, "/watch/responses/{id}/revert", "revertWatchResponse", AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator).Approved(AdminRole.Officer, AdminRole.RaAdministrator), "Takes a response back, as far as nobody else has decided the same since: its narrowing ends, what it held is good and what it suspended active again; what it revoked stays revoked.", AdminJson.Default.WatchRevertedView, RevertAsync)
            with { WhyNot = (call, _, cancellationToken) => call.Services.Authority.Reversals.WhyNotAsync(call.Path("id"), cancellationToken) },
    ];

    private static async ValueTask<Outcome<WatchStatusView>> StatusAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var (authority, now) = (call.Services.Authority, call.Services.Time.GetUtcNow());
        return new Outcome<WatchStatusView>.Done(new WatchStatusView(
            authority.WatchRules.Current.Digest,
            authority.WatchRules.Problem,
            authority.Watch.Agents,
            authority.Behaviour.Waiting,
            authority.Behaviour.Dropped,
            await authority.Stores.Watch.CountResponsesAsync(now.AddHours(-1), cancellationToken),
            await authority.Stores.Watch.CountResponsesAsync(now.AddDays(-1), cancellationToken),
            authority.Alerts?.Status is { Receiver: { } receiver } told ? new WatchWebhookView(receiver, told.Waiting, told.Lost, told.Problem) : null));
    }

    private static async ValueTask<Outcome<WatchResponsesView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Limit() is Outcome<int>.Refused(var wrong))
        {
            return new Outcome<WatchResponsesView>.Refused(wrong);
        }

        if (!TryReadState(call.Query("state"), out var state))
        {
            return Malformed("'state' must be begun, done, notDone or reverted");
        }

        if (!TryReadTime(call.Query("from"), out var from) || !TryReadTime(call.Query("before"), out var before))
        {
            return Malformed("'from' and 'before' are times as 2026-12-01T08:00:00Z");
        }

        var limit = ((Outcome<int>.Done)call.Limit()).Value;
        var query = new WatchResponseQuery { AgentId = call.Query("agent"), Owners = call.Owners, State = state, From = from, Before = before, After = call.Query("after") };
        var found = await call.Services.Authority.Stores.Watch.ListResponsesAsync(query, limit, cancellationToken);
        return new Outcome<WatchResponsesView>.Done(new WatchResponsesView([.. found.Select(WatchResponseView.Of)], found.Count == limit ? found[^1].Id : null));
    }

    private static async ValueTask<Outcome<WatchResponseDetailsView>> FindAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var store = call.Services.Authority.Stores.Watch;
        var found = await store.FindResponseAsync(call.Path("id"), cancellationToken);
        if (await AdminOwnership.WhyNotAgentAsync(call, found?.AgentId, cancellationToken) is { } foreign)
        {
            return await call.RefuseAsync<WatchResponseDetailsView>(foreign, cancellationToken);
        }

        return found is null
            ? AdminCall.NotFound<WatchResponseDetailsView>("there is no response of that id")
            : new Outcome<WatchResponseDetailsView>.Done(new WatchResponseDetailsView(
                WatchResponseView.Of(found),
                [.. (await store.ListAnsweredAsync(found.Id, MostAffected, cancellationToken)).Select(a => new AnsweredAgentView(a.AgentId, WordOf(a.Suspended), WordOf(a.Held)))]));
    }

    private static async ValueTask<Outcome<WatchRevertedView>> RevertAsync(AdminCall call, CancellationToken cancellationToken) =>
        await call.Services.Authority.Reversals.RevertAsync(new ReversalRequest(call.Path("id"), call.Caller.Name, call.Approver, call.Actor, call.CorrelationId), cancellationToken) switch
        {
            Outcome<ReversedResponse>.Done(var reversed) => new Outcome<WatchRevertedView>.Done(new WatchRevertedView(WatchResponseView.Of(reversed.Response), reversed.Released, reversed.Activated, reversed.Remarks)),
            Outcome<ReversedResponse>.Refused(var problem) => new Outcome<WatchRevertedView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static bool TryReadState(string? text, out WatchResponseState? state)
    {
        state = null;
        if (text is null)
        {
            return true;
        }

        state = Enum.TryParse<WatchResponseState>(text, ignoreCase: true, out var parsed) && text.All(char.IsAsciiLetter) ? parsed : null;
        return state is not null;
    }

    private static bool TryReadTime(string? text, out DateTimeOffset? time)
    {
        time = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed) ? parsed : null;
        return text is null || time is not null;
    }

    private static string WordOf(AnswerStanding standing) => standing switch
    {
        AnswerStanding.Over => "over",
        AnswerStanding.Alone => "alone",
        AnswerStanding.Shared => "shared",
    };

    private static Outcome<WatchResponsesView> Malformed(string detail) => new Outcome<WatchResponsesView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, detail));
}
