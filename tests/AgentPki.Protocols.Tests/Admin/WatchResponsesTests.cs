using System.Net;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Protocols.Admin;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>What was done by rule is listed, shown, and taken back by two people, and by nobody alone.</summary>
public sealed class WatchResponsesTests
{
    [Fact]
    public async Task Revert_AskedByOneApprovedByAnother_GivesBackAndNamesBoth()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var (agent, serial) = await AnsweredAsync(server, "w-1", "a");

        await server.RefusedAsync("alice", HttpMethod.Post, "revocations/release", $$"""{"agent":"{{agent}}"}""", HttpStatusCode.Conflict, "agentpki watch revert w-1");
        await server.RefusedAsync("alice", HttpMethod.Post, "revocations/release", $$"""{"serial":"{{serial}}"}""", HttpStatusCode.Conflict, "agentpki watch revert w-1");
        await server.RefusedAsync("alice", HttpMethod.Post, "agents/state", $$"""{"id":"{{agent}}","state":"active"}""", HttpStatusCode.Conflict, "agentpki watch revert w-1");

        var request = await server.WaitsAsync("alice", HttpMethod.Post, "watch/responses/w-1/revert?comment=a%20new%20task");
        Assert.Equal(AgentState.Suspended, (await server.Authority.Services.Agents.FindAsync(agent, default))?.State);
        await server.RefusedAsync("alice", HttpMethod.Post, $"requests/{request.Id}/approve", $$"""{"sha256":"{{request.Sha256}}"}""", HttpStatusCode.Forbidden, "asked for himself");
        var done = await server.ApproveAsync("bob", request);

        Assert.Equal(AdminRequestState.Done, done.State);
        var reverted = System.Text.Json.JsonSerializer.Deserialize(done.Outcome!, AdminJson.Default.WatchRevertedView)!;
        Assert.Equal((1L, 1L, "reverted", "alice", "bob"), (reverted.Released, reverted.Activated, reverted.Response.State, reverted.Response.RevertedBy, reverted.Response.ApprovedBy));
        Assert.Empty(reverted.Remarks);
        Assert.Equal(AgentState.Active, (await server.Authority.Services.Agents.FindAsync(agent, default))?.State);
        var entry = Assert.Single((await server.GetAsync("alice", "audit/entries?limit=1000", AdminJson.Default.LedgerEntriesView)).Entries, e => e.Kind == LedgerEntryKind.BehaviourAnswerReverted);
        Assert.Equal(("admin:alice+bob", "w-1", "w-1", request.Id, "1", "1"), (entry.Actor, entry.Details!["correlation"], entry.Details["response"], entry.Details["request"], entry.Details["certificates"], entry.Details["agents"]));

        await server.RefusedAsync("alice", HttpMethod.Post, "watch/responses/w-1/revert", null, HttpStatusCode.Conflict, "taken back already");
        await server.RefusedAsync("alice", HttpMethod.Post, "watch/responses/w-0/revert", null, HttpStatusCode.NotFound, "agentpki watch responses");
    }

    [Fact]
    public async Task Revert_ApprovedTwice_IsDoneOnceAndSaysSo()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        await AnsweredAsync(server, "w-1", "a");
        var (first, second) = (await server.WaitsAsync("alice", HttpMethod.Post, "watch/responses/w-1/revert"), await server.WaitsAsync("bob", HttpMethod.Post, "watch/responses/w-1/revert"));

        await server.ApproveAsync("bob", first);
        var late = await server.ApproveAsync("alice", second);

        Assert.Equal(AdminRequestState.Failed, late.State);
        Assert.Contains("taken back already", late.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ByConditions_GoesInPages()
    {
        await using var server = await PeopleServer.StartAsync("alice", "bob");
        var (one, _) = await AnsweredAsync(server, "w-1", "a");
        await AnsweredAsync(server, "w-2", "b");

        var page = await server.GetAsync("alice", "watch/responses?limit=1", AdminJson.Default.WatchResponsesView);
        Assert.Equal(("w-2", "w-2"), (Assert.Single(page.Responses).Id, page.Next));
        page = await server.GetAsync("alice", "watch/responses?limit=2&after=w-2", AdminJson.Default.WatchResponsesView);
        Assert.Equal(("w-1", null), (Assert.Single(page.Responses).Id, page.Next));
        Assert.Equal("w-1", Assert.Single((await server.GetAsync("alice", $"watch/responses?state=done&agent={Uri.EscapeDataString(one)}&from=2000-01-01T00:00:00Z", AdminJson.Default.WatchResponsesView)).Responses).Id);
        Assert.Empty((await server.GetAsync("alice", "watch/responses?before=2000-01-01T00:00:00Z", AdminJson.Default.WatchResponsesView)).Responses);
        await server.RefusedAsync("alice", HttpMethod.Get, "watch/responses?state=5", null, HttpStatusCode.BadRequest, "must be begun");
        await server.RefusedAsync("alice", HttpMethod.Get, "watch/responses?from=yesterday", null, HttpStatusCode.BadRequest, "are times");

        var shown = await server.GetAsync("alice", "watch/responses/w-1", AdminJson.Default.WatchResponseDetailsView);
        Assert.Equal((one, "refusals", "suspend", "37 refusals", 1L, 1L), (shown.Response.Agent, shown.Response.Detector, shown.Response.Response, shown.Response.Explanation, shown.Response.Certificates, shown.Response.Agents));
        Assert.Equal([new AnsweredAgentView(one, "alone", "alone")], shown.Affected);
        Assert.Equal((2L, 2L, null), await server.GetAsync("alice", "watch", AdminJson.Default.WatchStatusView) is var status ? (status.LastHour, status.LastDay, status.Webhook) : default);
    }

    /// <summary>An agent with a certificate, and a response that suspends it.</summary>
    private static async Task<(string Agent, string Serial)> AnsweredAsync(PeopleServer server, string id, string name)
    {
        var authority = server.Authority;
        var (certificate, key) = await authority.AgentAsync(name);
        await key.DisposeAsync();
        var agent = certificate.SpiffeId!.ToString();
        var entry = new LedgerEntry(LedgerEntryKind.BehaviourAnswered, authority.Time.GetUtcNow(), AuditTrail.Appliance, AuditDetails.Of((AuditDetails.Correlation, id)));
        await authority.Services.Commits.CommitAsync(
            new CommitRequest(entry, [new StoreChange.AddWatchResponse(new WatchResponse(id, agent, "refusals", "suspend", "37 refusals", new string('0', 64), authority.Time.GetUtcNow()))]), TestContext.Current.CancellationToken);
        Assert.IsType<Outcome<RevocationResult>.Done>(await authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Agent(agent), RevocationReason.CertificateHold, AuditTrail.Appliance, "watch", id) { Response = id }, TestContext.Current.CancellationToken));
        return (agent, certificate.SerialHex);
    }
}
