using System.Collections.Concurrent;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Ledger;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>What the watch did by rule, taken back.</summary>
public sealed class ResponseReversalTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Revert_OfASuspension_GivesBackAndTheLedgerAgrees()
    {
        await using var authority = await StartAsync("suspend");
        var (id, response) = await AnsweredAsync(authority);
        Assert.Equal((WatchResponseState.Done, "suspend", 1L, 1L), (response.State, response.Response, response.Certificates, response.Agents));

        var reverted = Done(await RevertAsync(authority, response.Id));

        Assert.Equal((1L, 1L, WatchResponseState.Reverted), (reverted.Released, reverted.Activated, reverted.Response.State));
        Assert.Equal(AgentState.Active, (await authority.Services.Agents.FindAsync(id, Cancelled))?.State);
        Assert.True(await IsGoodAsync(authority, id));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswerReverted));
        Assert.Equal((response.Id, response.Id, "1", "1", id), (entry["correlation"], entry["response"], entry["certificates"], entry["agents"], entry["agent"]));

        // What it released is explained by its entry, to the octet.
        var verified = await LedgerVerifier.VerifyAsync(authority.Store, authority.Providers, new LedgerVerifierOptions { Evidence = authority.Store }, null, Cancelled);
        Assert.True(verified.IsIntact, string.Join("; ", verified.Findings));
        Assert.Contains("already", Refused(await RevertAsync(authority, response.Id)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revert_OfANarrowing_EndsItAtOnce()
    {
        await using var authority = await StartAsync("narrow");
        var (id, response) = await AnsweredAsync(authority);
        while (authority.Services.Adjustments.Of(id) is []) // in force with what follows the commit
        {
            await Task.Delay(5, Cancelled);
        }

        Assert.Equal(response.AdjustmentId, Assert.Single(authority.Services.Adjustments.Of(id)).Id);

        var reverted = Done(await RevertAsync(authority, response.Id));

        Assert.Equal((0L, 0L), (reverted.Released, reverted.Activated));
        Assert.Empty(authority.Services.Adjustments.Of(id));
        Assert.Equal(response.AdjustmentId, Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswerReverted))["adjustment"]);
    }

    [Fact]
    public async Task Revert_OfARevocation_ActivatesAndSaysWhatStaysRevoked()
    {
        await using var authority = await StartAsync("revoke-family");
        var (id, response) = await AnsweredAsync(authority);

        var reverted = Done(await RevertAsync(authority, response.Id));

        Assert.Equal((0L, 1L), (reverted.Released, reverted.Activated));
        Assert.Contains("stay revoked", Assert.Single(reverted.Remarks), StringComparison.Ordinal);
        Assert.Equal((AgentState.Active, false), ((await authority.Services.Agents.FindAsync(id, Cancelled))?.State, await IsGoodAsync(authority, id)));
    }

    [Fact]
    public async Task Revert_OfWhatSomebodyHoldsToo_SaysWhoseItIsNow()
    {
        await using var authority = await StartAsync("suspend");
        var (id, response) = await AnsweredAsync(authority);
        await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.Agent(id), RevocationReason.CertificateHold, "admin:carol", "admin", "c"), Cancelled);

        // One person who holds it too does not get to let it go.
        var alone = await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.Agent(id), "admin:carol", "admin", "c"), Cancelled);
        Assert.Contains($"agentpki watch revert {response.Id}", Assert.IsType<Outcome<RevocationResult>.Refused>(alone).Problem.Detail, StringComparison.Ordinal);
        Assert.IsType<Outcome<AgentRecord>.Refused>(await authority.Services.Agents.SetStateAsync(id, AgentState.Active, "admin:carol", "c", Cancelled));

        var reverted = Done(await RevertAsync(authority, response.Id));
        Assert.Equal((0L, 0L), (reverted.Released, reverted.Activated));
        Assert.Contains("somebody has decided that too", Assert.Single(reverted.Remarks), StringComparison.Ordinal);

        // Now it is people's, as any hold is.
        Assert.IsType<Outcome<RevocationResult>.Done>(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.Agent(id), "admin:carol", "admin", "c"), Cancelled));
        Assert.Equal((AgentState.Active, true), ((await authority.Services.Agents.FindAsync(id, Cancelled))?.State, await IsGoodAsync(authority, id)));
    }

    [Fact]
    public async Task SetState_SuspendedOverARevocationByRule_StaysSoWhenThatIsTakenBack()
    {
        await using var authority = await StartAsync("revoke-family");
        var (id, response) = await AnsweredAsync(authority);
        await authority.Services.Agents.SetStateAsync(id, AgentState.Suspended, "admin:carol", "c", Cancelled);

        Assert.Equal(0, Done(await RevertAsync(authority, response.Id)).Activated);
        Assert.Equal(AgentState.Suspended, (await authority.Services.Agents.FindAsync(id, Cancelled))?.State);
    }

    [Fact]
    public async Task Alerts_OfAResponseAndItsEnd_ArePublishedWithTheRulesReceiver()
    {
        var alerts = new Recorder();
        await using var authority = await WatchedAuthority.StartAsync(Rules("suspend") + "\nwebhook: {url: 'https://soc.example/hook', secretFile: secrets/hook}", environment => environment with { Alerts = alerts });
        var (id, response) = await AnsweredAsync(authority);
        Done(await RevertAsync(authority, response.Id));

        Assert.Equal((new Uri("https://soc.example/hook"), "secrets/hook"), (alerts.Webhook?.Url, alerts.Webhook?.SecretFile));
        Assert.Equal([(response.Id, true, null), ($"{response.Id}-reverted", true, "admin:alice+bob")], alerts.Published.Select(a => (a.Id, a.Done, a.RevertedBy)));
        Assert.All(alerts.Published, a => Assert.Equal((id, "refusals", "suspend", "team-a", "low"), (a.Agent, a.Detector, a.Response, a.Owner, a.Tier)));
    }

    [Theory]
    [InlineData("{url: 'http://soc.example/hook', secretFile: s}", "webhook.url")]
    [InlineData("{url: 'https://user@soc.example/hook', secretFile: s}", "webhook.url")]
    [InlineData("{url: 'https://soc.example/hook#x', secretFile: s}", "webhook.url")]
    [InlineData("{url: 'ftp://soc.example/', secretFile: s}", "webhook.url")]
    [InlineData("{url: /hook, secretFile: s}", "webhook.url")]
    [InlineData("{url: 'https://soc.example/hook'}", "webhook.secretFile")]
    [InlineData("{secretFile: s}", "webhook.url")]
    [InlineData("{url: 'https://soc.example/hook', secretFile: s, secret: x}", "webhook.secret")]
    public void Rules_WebhookThatCannotServe_IsRefusedWithItsField(string webhook, string field)
    {
        Assert.Null(AgentPki.Authority.Watching.WatchRulesReader.Read(System.Text.Encoding.UTF8.GetBytes($"webhook: {webhook}"), out var errors));
        Assert.Equal(field, Assert.Single(errors).Field);
    }

    [Theory]
    [InlineData("https://soc.example:8443/a?b=c")]
    [InlineData("http://localhost:9/hook")]
    [InlineData("http://127.0.0.1:9/hook")]
    [InlineData("http://[::1]:9/hook")]
    public void Rules_Webhook_IsRead(string url) => Assert.Equal(new WatchWebhook(new Uri(url), "s"), WatchRulesTests.Read($"webhook: {{url: '{url}', secretFile: s}}").Webhook);

    private static string Rules(string response) => $"detectors: {{refusals: {{bound: 5}}}}\nresponses: {{low: {{refusals: {response}}}}}\nnarrow: {{scopes: ['read:**'], for: 1h}}";

    private static Task<TestAuthority> StartAsync(string response) => WatchedAuthority.StartAsync(Rules(response));

    /// <summary>An agent that was answered by rule.</summary>
    private static async Task<(string Agent, WatchResponse Response)> AnsweredAsync(TestAuthority authority)
    {
        var id = await authority.WatchedAgentAsync("a.agents.test");
        await authority.RefuseAsync(id, 5);
        while (true)
        {
            if (await authority.Services.Stores.Watch.ListResponsesAsync(new WatchResponseQuery { State = WatchResponseState.Done }, 9, Cancelled) is [var done])
            {
                return (id, done);
            }

            await Task.Delay(5, Cancelled);
        }
    }

    private static ValueTask<Outcome<ReversedResponse>> RevertAsync(TestAuthority authority, string id) =>
        authority.Services.Reversals.RevertAsync(new ReversalRequest(id, "alice", "bob", "admin:alice+bob", "request"), Cancelled);

    private static ReversedResponse Done(Outcome<ReversedResponse> outcome) => Assert.IsType<Outcome<ReversedResponse>.Done>(outcome).Value;

    private static PkiProblem Refused(Outcome<ReversedResponse> outcome) => Assert.IsType<Outcome<ReversedResponse>.Refused>(outcome).Problem;

    private static async Task<bool> IsGoodAsync(TestAuthority authority, string agent) =>
        Assert.Single(await authority.Services.Stores.Certificates.ListByAgentAsync(agent, 9, Cancelled)).Status is CertificateStatus.Good;

    private sealed class Recorder : IWatchAlerts
    {
        public ConcurrentQueue<WatchAlert> Published { get; } = [];

        public WatchWebhook? Webhook { get; private set; }

        public WatchAlertsStatus Status => new(null, 0, 0, null);

        public void Use(WatchWebhook? webhook) => Webhook = webhook;

        public void Publish(WatchAlert alert) => Published.Enqueue(alert);
    }
}
