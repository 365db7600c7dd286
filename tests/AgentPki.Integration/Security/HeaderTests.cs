using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Security;

/// <summary>What every answer says about itself, and what none does.</summary>
public sealed class HeaderTests(SharedAppliance shared)
{
    [Theory]
    [InlineData("/.well-known/est/cacerts")]
    [InlineData("/.well-known/est/no-such-operation")]
    [InlineData("/nothing/here")]
    public async Task Https_Answers_CarrySecurityHeaders(string path)
    {
        var answer = await (await shared.GetAsync()).Https().ExchangeAsync(Requests.Get(path));
        Assert.Equal("nosniff", answer?.Header("X-Content-Type-Options"));
        Assert.Contains("max-age=", answer?.Header("Strict-Transport-Security"), StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", answer?.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Null(answer?.Header("Server"));
        Assert.Null(answer?.Header("X-Powered-By"));
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task Http_Answers_CarryNoHsts(string path)
    {
        var answer = await (await shared.GetAsync()).Http().ExchangeAsync(Requests.Get(path));
        Assert.Equal(200, answer?.Status);
        Assert.Equal("nosniff", answer?.Header("X-Content-Type-Options"));
        Assert.Null(answer?.Header("Strict-Transport-Security")); // RFC 6797 §7.2
    }

    [Fact]
    public async Task Enrolment_IsNotStored()
    {
        var appliance = await shared.GetAsync();
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("cache")), Requests.Basic(appliance.Credential)));
        Assert.Contains("no-store", answer?.Header("Cache-Control"), StringComparison.Ordinal);
    }
}
