using System.Text.Json;
using AgentPki.Client.Revocation;
using AgentPki.Integration.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Integration.Revocation;

/// <summary>The revocation feed of the real process, as a relying party follows it.</summary>
public sealed class RevocationFeedTests(SharedAppliance shared)
{
    [Fact]
    public async Task Revoke_IsHeardByAFollower_AndByAPoll()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "fed");
        var certificate = Certificate.Parse(agent.Certificate.RawData);
        await using var follower = Follow(appliance);
        await follower.WaitUntilCurrentAsync(TestContext.Current.CancellationToken);
        Assert.True((await follower.View.CheckAsync(certificate, TestContext.Current.CancellationToken)).IsGood);
        var told = new TaskCompletionSource<TrackedPeer>(TaskCreationOptions.RunContinuationsAsynchronously);
        follower.View.Changed += (_, change) => told.TrySetResult(change.Refused.First());
        using var peer = follower.View.Track(certificate);
        var before = follower.View.Sequence;

        await appliance.Cli.RevokeAsync(agent.Serial);

        Assert.Same(peer, await told.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.IsType<RevocationStatus.Revoked>(follower.View.Check(certificate));
        using var http = new HttpClient();
        using var polled = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://localhost:{appliance.HttpPort}/revocations/feed?after={before}&wait=10"), TestContext.Current.CancellationToken));
        Assert.True(polled.RootElement.GetProperty("after").GetInt64() > before);
        var shown = (await appliance.Cli.RunAsync("revocation", "follow", "--once")).MustSucceed();
        Assert.Contains("snapshot", shown.Text, StringComparison.Ordinal);
        Assert.Contains("Current as of event", shown.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Kill_RightAfterRevocations_NothingIsMissed_AndTheFollowerGoesOn()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await using var follower = Follow(appliance);
        await follower.WaitUntilCurrentAsync(TestContext.Current.CancellationToken);
        var sequences = new List<long>();
        follower.Taken += (_, taken) => sequences.Add(taken.Statement is Ledger.Revocations.RevocationEventStatement happened ? happened.Sequence : 0);
        var revoked = new List<Certificate>();
        for (var round = 0; round < 4; round++)
        {
            var agents = new List<EnrolledAgent>();
            for (var i = 0; i < 3; i++)
            {
                agents.Add(await EnrolledAgent.CreateAsync(appliance, $"killed-{round}-{i}"));
            }

            foreach (var agent in agents)
            {
                await appliance.Cli.RevokeAsync(agent.Serial);
                revoked.Add(Certificate.Parse(agent.Certificate.RawData));
            }

            // Whether the last statement was signed, stored or sent by now is chance.
            await appliance.KillAsync();
            await appliance.StartAsync();
        }

        await Eventually.TrueAsync(
            () => Task.FromResult(follower.View.Sequence == revoked.Count && !follower.View.IsStale),
            TimeSpan.FromSeconds(60),
            () => $"the follower is at {follower.View.Sequence} of {revoked.Count}: {follower.Problem}");
        Assert.All(revoked, c => Assert.IsType<RevocationStatus.Revoked>(follower.View.Check(c)));
        Assert.Equal(Enumerable.Range(1, revoked.Count).Select(n => (long)n), sequences.Where(s => s > 0));

        // And a newcomer sees the same.
        await using var newcomer = Follow(appliance);
        await newcomer.WaitUntilCurrentAsync(TestContext.Current.CancellationToken);
        foreach (var certificate in revoked)
        {
            Assert.IsType<RevocationStatus.Revoked>(await newcomer.View.CheckAsync(certificate, TestContext.Current.CancellationToken));
        }
    }

    private static RevocationFollower Follow(Appliance appliance)
    {
        var anchors = appliance.Anchors().Select(a => Certificate.Parse(a.RawData)).ToList();
        return new RevocationFollower(new RevocationFollowerOptions(new Uri($"http://localhost:{appliance.HttpPort}"), anchors), TimeProvider.System);
    }
}
