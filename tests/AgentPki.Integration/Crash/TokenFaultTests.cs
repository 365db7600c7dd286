using System.Net;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>The token goes away under a serving appliance and comes back.</summary>
public sealed class TokenFaultTests
{
    [Fact]
    public async Task Token_GoneAndBack_Is503AndThenWellWithoutARestart()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance);
        var (tokens, hidden) = (Path.Combine(appliance.Home, "tokens"), Path.Combine(appliance.Home, "tokens.away"));
        var process = appliance.ProcessId;

        Directory.Move(tokens, hidden);
        HttpAnswer? refused = null;
        await Eventually.TrueAsync(
            async () => (refused = await EnrollAsync(appliance)) is { Status: 503 },
            TimeSpan.FromSeconds(20),
            () => $"without its token the appliance answered {refused?.Status}: {refused?.Text}");
        Assert.True(int.Parse(refused!.Header("Retry-After") ?? "none") > 0);
        await Eventually.TrueAsync(
            async () => await appliance.ReadyStatusAsync() == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(30), () => "/readyz says it can issue without a token");
        Assert.Equal(200, (await appliance.Http().ExchangeAsync(Requests.Get("/healthz")))?.Status); // alive: restarting would not mend it

        Directory.Move(hidden, tokens);
        await appliance.WaitReadyAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(process, appliance.ProcessId);
        await agent.RenewAsync(appliance);
        await EnrolledAgent.CreateAsync(appliance, "recovered");
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static Task<HttpAnswer?> EnrollAsync(Appliance appliance) =>
        appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("tokenless")), Requests.Basic(appliance.Credential)));
}
