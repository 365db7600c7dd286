using System.Globalization;
using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Testing.Stores;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>
/// Whatever responses and people do in whatever order, SQL does what the plain model says; and once all responses are taken back, what is still stopped is what somebody else stopped.
/// </summary>
public sealed class WatchResponseModelTests
{
    private const int Agents = 8;
    private const int Steps = 400;
    private static readonly string[] Everything = [.. Enumerable.Range(1, Agents).Select(StoreSamples.AgentId)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Anything_InAnyOrder_DoesTheSameInBothStores(int seed)
    {
        using var folder = new TemporaryFolder();
        await using var sql = await folder.OpenAsync();
        var model = new InMemoryStore();
        var random = new Random(seed);
        Both(sql, model, [StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority))), .. Enumerable.Range(1, Agents).Select(StoreSamples.Issuance)]);
        Both(sql, model, [.. Enumerable.Range(2, Agents - 1).Select(n => StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(n), StoreSamples.AgentId(n / 2))))]);
        for (var (done, responses) = (0, 0); done < Steps; done += 20)
        {
            Both(sql, model, [.. Enumerable.Range(0, 20).SelectMany(n => Draw(random, done + n, ref responses))]);
            Assert.Equal(await DescribeAsync(model), await DescribeAsync(sql));
            var asked = new RevocationSelector { Agent = Everything[random.Next(Agents)], WithDescendants = random.Next(2) == 0, Profile = random.Next(2) == 0 ? "agent" : null };
            Assert.Equal(await ((IWatchStore)model).FindStandingAsync(asked, StoreSamples.Now, TestContext.Current.CancellationToken), await ((IWatchStore)sql).FindStandingAsync(asked, StoreSamples.Now, TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ResponsesAlone_AllTakenBackInAnyOrder_LeaveNothingBehind(int seed)
    {
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync();
        var random = new Random(seed);
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority))), .. Enumerable.Range(1, Agents).Select(StoreSamples.Issuance)]);
        store.Apply([.. Enumerable.Range(2, Agents - 1).Select(n => StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(n), StoreSamples.AgentId(n / 2))))]);
        var before = await StandingAsync(store);
        var open = new List<int>();
        for (var n = 0; n < 60; n++)
        {
            if (open.Count > 0 && random.Next(2) == 0)
            {
                Take(open[random.Next(open.Count)]);
            }
            else
            {
                var agent = 1 + random.Next(Agents);
                store.Apply([Begin(n, agent), StoreSamples.Request(Answer(n, agent, RevocationReason.CertificateHold, random.Next(2) == 0))]);
                open.Add(n);
            }
        }

        Assert.NotEqual(before, await StandingAsync(store));
        while (open.Count > 0)
        {
            Take(open[random.Next(open.Count)]);
        }

        Assert.Equal(before, await StandingAsync(store));

        void Take(int n)
        {
            Assert.IsType<CommitOutcome.Committed>(store.Apply([StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(n), StoreSamples.Now, "alice", "bob"))])[0]);
            open.Remove(n);
        }
    }

    private static IEnumerable<CommitRequest> Draw(Random random, int step, ref int responses)
    {
        var agent = 1 + random.Next(Agents);
        var selector = new RevocationSelector { Agent = StoreSamples.AgentId(agent), WithDescendants = random.Next(2) == 0 };
        var now = StoreSamples.Now.AddSeconds(step);
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                var reason = random.Next(6) == 0 ? RevocationReason.PrivilegeWithdrawn : RevocationReason.CertificateHold;
                var n = responses++;
                return [Begin(n, agent), StoreSamples.Request(Answer(n, agent, reason, random.Next(2) == 0))];
            case 3:
                n = responses++;
                var narrowing = new Adjustment(n.ToString("x32", CultureInfo.InvariantCulture), AdjustmentKind.Narrowing, StoreSamples.AgentId(agent), ScopeSet.Of("read:**"), now, now.AddHours(1), "because", "appliance");
                return [Begin(n, agent), StoreSamples.Request(new StoreChange.AddAdjustment(narrowing, Id(n)))];
            case 4 or 5 or 6:
                return [StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(random.Next(responses + 1)), now, "alice", "bob"))];
            case 7:
                return [StoreSamples.Request(new StoreChange.RevokeSet(random.Next(3) == 0 ? new RevocationSelector { Profile = "agent", Owner = "team-a" } : selector, now, RevocationReason.CertificateHold, null, random.Next(2) == 0 ? AgentState.Suspended : null))];
            case 8:
                return [StoreSamples.Request(new StoreChange.ReleaseSet(selector, now, random.Next(2) == 0))];
            case 9:
                return [StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(agent), random.Next(2) == 0 ? AgentState.Active : AgentState.Suspended))];
            case 10:
                return [StoreSamples.Request(new StoreChange.AddCertificate(StoreSamples.Certificate(1000 + step, agent, 1000 + step)))];
            default:
                return [StoreSamples.Request(new StoreChange.FailWatchResponse(Id(random.Next(responses + 1)), "not now"))];
        }
    }

    private static CommitRequest Begin(int n, int agent) =>
        StoreSamples.Request(new StoreChange.AddWatchResponse(new WatchResponse(Id(n), StoreSamples.AgentId(agent), "burst", "suspend", "because", new string('0', 64), StoreSamples.Now)));

    private static StoreChange.RevokeSet Answer(int n, int agent, RevocationReason reason, bool withDescendants) =>
        new(new RevocationSelector { Agent = StoreSamples.AgentId(agent), WithDescendants = withDescendants }, StoreSamples.Now, reason, null, AgentState.Suspended, Id(n));

    private static string Id(int n) => $"w-{n:x16}";

    private static void Both(SqliteStore sql, InMemoryStore model, List<CommitRequest> requests) =>
        Assert.Equal(model.Apply(requests).Select(Describe), sql.Apply(requests).Select(Describe));

    private static string Describe(CommitOutcome outcome) => outcome switch
    {
        CommitOutcome.Committed { Selected: { } s } c => $"{c.Epoch} {s.Count} {s.Digest} {s.Agents}",
        CommitOutcome.Committed c => $"{c.Epoch}",
        CommitOutcome.Conflict c => c.Reason,
        _ => "",
    };

    private static async Task<string> DescribeAsync<TStore>(TStore store)
        where TStore : IAgentStore, ICertificateStore, IWatchStore, IRevocationStore
    {
        var lines = new List<string> { await StandingAsync(store) };
        foreach (var response in await ((IWatchStore)store).ListResponsesAsync(new WatchResponseQuery(), 1000, TestContext.Current.CancellationToken))
        {
            lines.Add(response.ToString());
            lines.AddRange((await ((IWatchStore)store).ListAnsweredAsync(response.Id, 100, TestContext.Current.CancellationToken)).Select(a => a.ToString()));
        }

        lines.AddRange((await ((IRevocationStore)store).ListEventsAsync(0, 10_000, TestContext.Current.CancellationToken)).Select(e => e.ToString()));
        return string.Join('\n', lines);
    }

    /// <summary>What each agent may, and what each certificate is good for.</summary>
    private static async Task<string> StandingAsync<TStore>(TStore store)
        where TStore : IAgentStore, ICertificateStore
    {
        var lines = new List<string>();
        foreach (var agent in Everything)
        {
            var record = await ((IAgentStore)store).FindAsync(agent, TestContext.Current.CancellationToken);
            lines.Add($"{agent} {record?.State} {record?.IsHeld}");
            lines.AddRange((await store.ListByAgentAsync(agent, 1000, TestContext.Current.CancellationToken))
                .Select(c => $"  {Convert.ToHexStringLower(c.Certificate.Serial)} {(c.Status is CertificateStatus.Revoked r ? r.Reason : null)}").Order(StringComparer.Ordinal));
        }

        return string.Join('\n', lines);
    }
}
