using System.Security.Cryptography;
using System.Text.RegularExpressions;
using AgentPki.Authority.Audit;
using AgentPki.Ledger;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>Every row of the table (RFC 8555 §6 and §7): status, problem type, nonce, trace in the ledger; and that whoever was refused can go on.</summary>
public sealed partial class AcmeRefusalTests(AcmeRefusalTests.Fixture fixture) : IClassFixture<AcmeRefusalTests.Fixture>
{
    public static TheoryData<string> Cases() => [.. AcmeRefusals.Cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Request_FromTheTable_IsRefusedAsItShould(string name)
    {
        var refusal = AcmeRefusals.Cases[name];
        var world = await RefusalWorld.NewAsync(await fixture.GetAsync());
        var before = await world.Server.Authority.Store.HeadAsync(TestContext.Current.CancellationToken);

        var answer = await refusal.Send(world);

        Assert.True((int)answer.Status == refusal.Status && answer.Problem == refusal.Type, $"not {refusal.Status} {refusal.Type}: {answer}");
        AssertDocument(refusal, answer);
        Assert.Equal(refusal.Trace == Trace.Account ? 1 : 0, (await RefusalsAsync(world, before.Size)).Count);
        if (!refusal.EndsAccount)
        {
            await world.AssertGoesOnAsync();
        }
    }

    [Fact]
    public async Task Refusals_OfStrangers_AreOneEntry_AndThoseOfAnAccountAreItsOwn()
    {
        await using var server = await AcmeServer.StartAsync();
        var world = await RefusalWorld.NewAsync(server);
        var before = await server.Authority.Store.HeadAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("badNonce", (await world.Client.PostAsync(await world.NewOrderAsync(), [], header => header with { Nonce = "AAAA" })).Problem);
        }

        var refused = await world.Client.OrderAsync(("email", "a@b.test"));
        await server.Authority.Services.Audit.FlushAsync(TestContext.Current.CancellationToken);

        var (actor, reason) = Assert.Single(await RefusalsAsync(world, before.Size));
        Assert.Equal($"acme:{world.Client.Account!.Split('/')[^1]}", actor);
        Assert.Equal(refused.Json["detail"]!.ToString(), reason);
        var strangers = Assert.Single(await EntriesAsync(world, before.Size, LedgerEntryKind.RefusalsAggregated));
        Assert.Equal((AuditTrail.Stranger, "3"), (strangers.Actor, strangers.Facts[AuditDetails.Total]));
    }

    [Fact]
    public async Task Finalize_ExpiredOrder_IsNotReady()
    {
        await using var server = await AcmeServer.StartAsync();
        var world = await RefusalWorld.NewAsync(server);
        var order = await world.ReadyAsync();
        server.Authority.Time.Advance(TimeSpan.FromHours(2));
        world.Client.ForgetNonce();

        var answer = await world.Client.FinalizeAsync(order, AcmeTestClient.Csr(world.CertificateKey, world.Names));

        Assert.Equal((403, "orderNotReady"), ((int)answer.Status, answer.Problem));
        Assert.Equal("invalid", (await world.Client.GetAsync(order.Location!)).Json["status"]!.ToString());
    }

    [Fact]
    public async Task Order_SameNameInDifferentWriting_IsForOneName()
    {
        var world = await RefusalWorld.NewAsync(await fixture.GetAsync());
        var order = await world.Client.OrderAsync(("dns", "twice.test"), ("dns", "TWICE.test"), ("ip", "2001:db8::7"), ("ip", "2001:0DB8:0::7"));
        Assert.Equal(["twice.test", "2001:db8::7"], order.Json["identifiers"]!.AsArray().Select(i => i!["value"]!.ToString()));
    }

    [Fact]
    public async Task BadAlgorithm_Always_SaysWhatWouldBeTaken()
    {
        var world = await RefusalWorld.NewAsync(await fixture.GetAsync());
        var answer = await world.SendHeaderAsync((url, nonce) => world.GoodHeader(url, nonce).Replace("ES256", "none", StringComparison.Ordinal));
        Assert.Contains("ES256", answer.Json["algorithms"]!.AsArray().Select(a => a!.ToString()));
        Assert.DoesNotContain("none", answer.Json["algorithms"]!.AsArray().Select(a => a!.ToString()));
    }

    // RFC 9457 §3.1, RFC 8555 §6.5, §6.7, §7.1; no stack trace, no type name of ours.
    private static void AssertDocument(AcmeRefusal refusal, AcmeTestAnswer answer)
    {
        Assert.Equal(refusal.HasNonce, answer.Nonce is not null);
        Assert.NotNull(answer.Link("index"));
        if (answer.Text.Length > 0)
        {
            Assert.Equal(refusal.Status, (int)answer.Json["status"]!);
            Assert.Matches(@"^.{10,}\.$", answer.Json["detail"]!.ToString());
            Assert.DoesNotMatch(Indiscretion(), answer.Text);
        }
    }

    private static async Task<IReadOnlyList<(string Actor, string Reason)>> RefusalsAsync(RefusalWorld world, long from) =>
        [.. (await EntriesAsync(world, from, LedgerEntryKind.EnrollmentRefused)).Select(details => (details.Actor, details.Facts[AuditDetails.Reason]))];

    private static async Task<IReadOnlyList<LedgerDetails>> EntriesAsync(RefusalWorld world, long from, LedgerEntryKind kind)
    {
        var found = new List<LedgerDetails>();
        await foreach (var record in world.Server.Authority.Store.ReadAsync(from, TestContext.Current.CancellationToken))
        {
            if (record.Leaf.Kind == kind && record.Details is { } details)
            {
                found.Add(details);
            }
        }

        return found;
    }

    [GeneratedRegex(@"   at |Exception|AgentPki\.|System\.|\.cs:line")]
    private static partial Regex Indiscretion();

    /// <summary>One server for all rows: none of them harms it.</summary>
    public sealed class Fixture : IAsyncDisposable
    {
        private readonly Lazy<Task<AcmeServer>> server = new(() => AcmeServer.StartAsync());

        internal Task<AcmeServer> GetAsync() => server.Value;

        public async ValueTask DisposeAsync()
        {
            if (server.IsValueCreated)
            {
                await (await server.Value).DisposeAsync();
            }
        }
    }
}
