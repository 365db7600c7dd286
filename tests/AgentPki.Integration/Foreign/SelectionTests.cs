using AgentPki.Integration.Harness;
using AgentPki.X509.Names;

namespace AgentPki.Integration.Foreign;

/// <summary>Revoking by conditions with the real executable: rehearsed, confirmed, held and released.</summary>
public sealed class SelectionTests(SharedAppliance shared)
{
    [Fact]
    public async Task Family_RehearsedHeldReleased_IsSeenAtOnce()
    {
        var appliance = await shared.GetAsync();
        using var folder = new TempFolder();
        var parent = await EnrolledAgent.CreateAsync(appliance, "parent");
        var child = await EnrolledAgent.CreateAsync(appliance, "child");
        var (parentId, childId) = (SpiffeId(parent), SpiffeId(child));
        Assert.Contains($"child of {parentId}", (await appliance.Cli.RunAsync("agent", "set-parent", childId, "--parent", parentId)).MustSucceed().Text, StringComparison.Ordinal);

        var rehearsal = (await appliance.Cli.RunAsync("revoke", "--agent", parentId, "--with-descendants", "--dry-run")).MustSucceed().Text;
        Assert.Contains("2 agents would have no good certificate left", rehearsal, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed.", rehearsal, StringComparison.Ordinal);
        Assert.Equal(200, (await RenewAsync(appliance, child))?.Status);

        Assert.Contains("agents suspended", (await appliance.Cli.RunAsync("revoke", "--agent", parentId, "--with-descendants", "--reason", "certificateHold")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.NotEqual(200, (await RenewAsync(appliance, child))?.Status);

        Assert.Contains("released", (await appliance.Cli.RunAsync("release", "--agent", parentId, "--with-descendants")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Equal(200, (await RenewAsync(appliance, child))?.Status);
    }

    [Fact]
    public async Task ConditionsThatCannotBe_AreRefusedWithARemedy()
    {
        var appliance = await shared.GetAsync();
        Assert.Contains("Nothing meets these conditions", (await appliance.Cli.RunAsync("revoke", "--owner", "nobody-of-that-name", "--dry-run")).MustSucceed().Text, StringComparison.Ordinal);
        var refused = await appliance.Cli.RunAsync("revoke", "--issued-from", "2020-01-01", "--agents-under", "spiffe://agents.localhost/x");
        Assert.Contains("slash at the end", refused.MustFail().Error, StringComparison.Ordinal);
    }

    private static string SpiffeId(EnrolledAgent agent) => Assert.IsType<SpiffeId>(AgentPki.X509.Certificates.Certificate.Parse(agent.Certificate.RawData).SpiffeId).ToString();

    private static Task<HttpAnswer?> RenewAsync(Appliance appliance, EnrolledAgent agent) =>
        appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate);
}
