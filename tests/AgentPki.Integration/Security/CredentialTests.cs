using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Security;

/// <summary>Enrolment credentials end when they should: used up, revoked, outside of what they are for (run out: ClockTests).</summary>
public sealed class CredentialTests(SharedAppliance shared)
{
    [Fact]
    public async Task Credential_OfOneUse_EnrolsOnce()
    {
        var credential = await NewAsync();
        Assert.Equal(200, (await EnrollAsync(credential)).Status);
        Assert.Equal(403, (await EnrollAsync(credential)).Status);
    }

    [Fact]
    public async Task Credential_OfOneUse_UsedByManyAtOnce_EnrolsOnce()
    {
        var credential = await NewAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => EnrollAsync(credential)));
        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        Assert.All(answers.Where(answer => answer.Status != 200), answer => Assert.InRange(answer.Status, 401, 409));
    }

    [Fact]
    public async Task Credential_Revoked_IsRefused()
    {
        var credential = await NewAsync("--uses", "0");
        Assert.Equal(200, (await EnrollAsync(credential)).Status);
        (await (await shared.GetAsync()).Cli.RunAsync("credential", "revoke", credential.Split(':')[0])).MustSucceed();
        Assert.InRange((await EnrollAsync(credential)).Status, 401, 403);
    }

    [Fact]
    public async Task Credential_ForOneProfile_IsRefusedForAnother()
    {
        var credential = await NewAsync("--profile", "agent-short", "--uses", "0");
        Assert.Equal(403, (await EnrollAsync(credential)).Status);
        Assert.Equal(200, (await EnrollAsync(credential, "agent-short/")).Status);
    }

    [Fact]
    public async Task Credential_ForSomeSubjects_IsRefusedForOthers()
    {
        var credential = await NewAsync("--subject", "/agent/team-*", "--uses", "0");
        Assert.InRange((await EnrollAsync(credential)).Status, 400, 403);
        Assert.Equal(200, (await EnrollAsync(credential, prefix: "team")).Status);
    }

    [Fact]
    public async Task Credential_Refused_LeavesItsUseUntouched()
    {
        var credential = await NewAsync();
        var appliance = await shared.GetAsync();
        var spoiled = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", [0x30, 0x00], Requests.Basic(credential)));
        Assert.Equal(400, spoiled?.Status);
        Assert.Equal(200, (await EnrollAsync(credential)).Status);
    }

    private async Task<string> NewAsync(params string[] options) => await (await shared.GetAsync()).Cli.NewCredentialAsync(options);

    private async Task<HttpAnswer> EnrollAsync(string credential, string label = "", string prefix = "credential")
    {
        var appliance = await shared.GetAsync();
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll($"{label}simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName(prefix)), Requests.Basic(credential)));
        return answer ?? throw new InvalidOperationException("no answer");
    }
}
