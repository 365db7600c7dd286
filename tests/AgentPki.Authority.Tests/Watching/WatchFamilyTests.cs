using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>Answers that take what an agent spawned with it, and those that are left to people.</summary>
public sealed class WatchFamilyTests
{
    [Theory]
    [InlineData("suspend-family", RevocationReason.CertificateHold)]
    [InlineData("revoke-family", RevocationReason.PrivilegeWithdrawn)]
    public async Task Watch_Family_IsAnsweredWithIt_AndNobodyElse(string response, RevocationReason reason)
    {
        await using var authority = await WatchedAuthority.StartAsync(Rules(response));
        var (parent, child, other) = await FamilyAsync(authority);

        await authority.RefuseAsync(parent, 5);
        var held = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1));

        Assert.Equal(reason.ToString(), held["reason"]);
        Assert.Equal([AgentState.Suspended, AgentState.Suspended, AgentState.Active], await StatesAsync(authority, parent, child, other));
        var record = Assert.Single(await authority.Services.Stores.Watch.ListResponsesAsync(new WatchResponseQuery(), 10, default));
        Assert.Equal((response, 2L, 2L), (record.Response, record.Agents, record.Certificates));
    }

    [Fact]
    public async Task Watch_LargeFamily_IsLeftToPeople()
    {
        await using var authority = await WatchedAuthority.StartAsync(Rules("suspend-family"), options: TestAuthority.DefaultOptions with { UnconfirmedRevocations = 1 });
        var (parent, child, _) = await FamilyAsync(authority);

        await authority.RefuseAsync(parent, 5);
        var refused = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourNotAnswered, 1));

        Assert.StartsWith("this takes 2 certificates", refused["problem"], StringComparison.Ordinal);
        Assert.Equal([AgentState.Active, AgentState.Active], await StatesAsync(authority, parent, child));
        var record = Assert.Single(await authority.Services.Stores.Watch.ListResponsesAsync(new WatchResponseQuery(), 10, default));
        Assert.Equal((WatchResponseState.NotDone, refused["problem"]), (record.State, record.Problem));
    }

    [Fact]
    public async Task Watch_ProcessThatWasKilledBetweenExplanationAndDeed_DoesItAtTheNextStart()
    {
        await using var authority = await WatchedAuthority.StartAsync(Rules("suspend"));
        var id = await authority.WatchedAgentAsync("a.agents.test");
        var begun = new WatchResponse("w-0123456789abcdef", id, "refusals", "suspend", "5 refusals", WatchRulesTests.Read(Rules("suspend")).Digest, authority.Time.GetUtcNow());
        await authority.Services.Commits.CommitAsync(new CommitRequest(new LedgerEntry(LedgerEntryKind.BehaviourAnswered, begun.At, AuditTrail.Appliance, AuditDetails.Of((AuditDetails.Agent, id))), [new StoreChange.AddWatchResponse(begun)]), default);

        await authority.RestartAsync();
        var held = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked, 1));

        Assert.Equal((begun.Id, id), (held["correlation"], held["agent"]));
        Assert.Equal([AgentState.Suspended], await StatesAsync(authority, id));
        Assert.Equal(WatchResponseState.Done, (await authority.Services.Stores.Watch.FindResponseAsync(begun.Id, default))!.State);
    }

    private static string Rules(string response) => $"detectors: {{refusals: {{bound: 5}}}}\nresponses: {{low: {{refusals: {response}}}}}\n";

    private static async Task<(string Parent, string Child, string Other)> FamilyAsync(TestAuthority authority)
    {
        var (parent, child, other) = (await authority.WatchedAgentAsync("a.agents.test"), await authority.WatchedAgentAsync("b.agents.test"), await authority.WatchedAgentAsync("c.agents.test"));
        await authority.Services.Agents.SetParentAsync(child, parent, "admin:a", "c", default);
        return (parent, child, other);
    }

    private static async Task<AgentState[]> StatesAsync(TestAuthority authority, params string[] agents)
    {
        var states = new List<AgentState>();
        foreach (var agent in agents)
        {
            states.Add((await authority.Services.Agents.FindAsync(agent, default))!.State);
        }

        return [.. states];
    }
}
