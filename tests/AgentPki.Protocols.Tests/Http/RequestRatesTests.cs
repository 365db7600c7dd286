using System.Net;
using AgentPki.Authority.Enrollment;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Http;

public sealed class RequestRatesTests
{
    private static readonly RequestShare Two = new(1, 2);

    [Fact]
    public async Task Take_BeyondTheBurst_IsRefusedWithAWait()
    {
        await using var rates = new RequestRates(new RequestRateOptions { Address = Two, Certificate = Two, Credential = RequestShare.Unlimited });
        Assert.Null(rates.Take(null, "192.0.2.1", null));
        Assert.Null(rates.Take(null, "192.0.2.1", null));
        var refused = rates.Take(null, "192.0.2.1", null);
        Assert.True(refused?.RetryAfter > TimeSpan.Zero);
        Assert.Null(rates.Take(null, "192.0.2.2", null));
        Assert.Null(rates.Take("aa", "192.0.2.1", null)); // a certificate has its own share
        Assert.Null(rates.Take("aa", "192.0.2.3", null));
        Assert.NotNull(rates.Take("aa", "192.0.2.4", null)); // wherever it comes from
    }

    [Fact]
    public async Task Take_InventedCredentialNames_DoNotEscapeTheAddress()
    {
        await using var rates = new RequestRates(new RequestRateOptions { Address = Two, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        Assert.Null(rates.Take(null, "192.0.2.1", "a"));
        Assert.Null(rates.Take(null, "192.0.2.1", "b"));
        Assert.NotNull(rates.Take(null, "192.0.2.1", "c"));
    }

    [Fact]
    public async Task Take_OneCredential_HasItsShareAtEachAddress()
    {
        await using var rates = new RequestRates(new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = Two });
        Assert.Null(rates.Take(null, "192.0.2.1", "a"));
        Assert.Null(rates.Take(null, "192.0.2.1", "a"));
        Assert.NotNull(rates.Take(null, "192.0.2.1", "a"));
        Assert.Null(rates.Take(null, "192.0.2.1", "b"));
        Assert.Null(rates.Take(null, "192.0.2.2", "a")); // a name that somebody else guesses at is not locked out
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 1)]
    public void Options_OutOfBounds_AreRefused(int perSecond, int burst) =>
        Assert.Throws<ArgumentException>(() => new RequestRateOptions { Address = new RequestShare(perSecond, burst) }.Validate());

    [Fact]
    public async Task Est_TooManyRequests_Are429WithRetryAfterAndReachNobody()
    {
        await using var est = await EstServer.StartAsync(rates: new RequestRateOptions { Address = Two, Credential = RequestShare.Unlimited, Certificate = new RequestShare(1, 3) });
        using var client = est.Client();
        for (var i = 0; i < 2; i++)
        {
            using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var refused = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Matches("^[1-9][0-9]*$", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(2, est.Authority.Asked.Count);
        Assert.IsType<Requester.Stranger>(Assert.Single(est.Authority.Refused).Requester); // no store is read to say no

        // An agent with a certificate of ours is not held up by its neighbours; one that made its own is.
        using var ours = est.Authority.ClientCertificate("agent-7");
        using var agent = est.Client(ours);
        using var served = await agent.SendAsync(EstServer.Post("simplereenroll", Csr.Base64(), basic: null), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        using var foreign = new ScriptedAuthority().ClientCertificate("agent-7");
        using var stranger = est.Client(foreign);
        using var held = await stranger.SendAsync(EstServer.Post("simplereenroll", Csr.Base64(), basic: null), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, held.StatusCode);
    }
}
