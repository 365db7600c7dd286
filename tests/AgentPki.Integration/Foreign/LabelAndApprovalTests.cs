using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>Labels choose profiles (RFC 7030 §3.2.2); a profile that wants a person's yes answers 202 until then (§4.2.3).</summary>
public sealed class LabelAndApprovalTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Label_OfTheShortProfile_GivesMinutesAndNoStatusPointers()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("short"), "agent-short/");
        var lifetime = agent.Certificate.NotAfter - agent.Certificate.NotBefore;
        Assert.InRange(lifetime, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
        Assert.Contains(agent.Certificate.Extensions, extension => extension.Oid?.Value == "2.5.29.56"); // RFC 9608 noRevAvail
        Assert.DoesNotContain(agent.Certificate.Extensions, extension => extension.Oid?.Value == "2.5.29.31");
        Assert.DoesNotContain(agent.Certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>(), access => access.EnumerateOcspUris().Any());
    }

    [Theory]
    [InlineData("cacerts")]
    [InlineData("csrattrs")]
    public async Task Label_InFrontOfReadingOperations_Works(string operation)
    {
        var appliance = await shared.GetAsync();
        (await Curl.To(appliance, folder).GetAsync($"agent-short/{operation}")).MustBe(200);
    }

    [Fact]
    public async Task Approval_GivenThroughTheCommandLine_ReleasesTheCertificate()
    {
        var appliance = await shared.GetAsync();
        var curl = Curl.To(appliance, folder).WithCredential(appliance.Credential);
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("approve"));
        var parked = (await curl.PostAsync("agent-approval/simpleenroll", request.Base64)).MustBe(202);
        Assert.InRange(int.Parse(parked.Header("Retry-After") ?? "none"), 1, 86400); // seconds: some clients abort on a date
        (await curl.PostAsync("agent-approval/simpleenroll", request.Base64)).MustBe(202);

        await appliance.Cli.ApproveAsync(request.Name);

        await curl.EnrollAsync("agent-approval/simpleenroll", request);
        await OpenSsl.JudgeAsync(folder, appliance, request.Certificate, request.Key, request.Name);
    }

    [Fact]
    public async Task Approval_Denied_IsARefusalThatSaysSo()
    {
        var appliance = await shared.GetAsync();
        var curl = Curl.To(appliance, folder).WithCredential(appliance.Credential);
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("deny"));
        (await curl.PostAsync("agent-approval/simpleenroll", request.Base64)).MustBe(202);

        await appliance.Cli.DenyAsync(request.Name);

        var answer = (await curl.PostAsync("agent-approval/simpleenroll", request.Base64)).MustBe(403);
        Assert.Contains("denied", System.Text.Encoding.UTF8.GetString(answer.Body), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Approval_OfAStranger_WaitsWithoutACredential()
    {
        var appliance = await shared.GetAsync();
        var curl = Curl.To(appliance, folder);
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("stranger"));
        (await curl.PostAsync("agent-approval/simpleenroll", request.Base64)).MustBe(202);
        await appliance.Cli.ApproveAsync(request.Name);
        await curl.EnrollAsync("agent-approval/simpleenroll", request);
    }

    public void Dispose() => folder.Dispose();
}
