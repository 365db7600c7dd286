using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

public sealed class AgentServiceTests
{
    [Fact]
    public async Task SetStateAsync_SuspendThenActivate_StopsAndResumesIssuance()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test", credential);
        var id = certificate.SpiffeId!.ToString();
        var agents = authority.Services.Agents;
        Assert.IsType<Outcome<AgentRecord>.Done>(await agents.SetStateAsync(id, AgentState.Suspended, "admin:x", "c", default));
        Assert.IsType<Outcome<AgentRecord>.Done>(await agents.SetStateAsync(id, AgentState.Suspended, "admin:x", "c", default));
        Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), credential));
        Assert.IsType<Outcome<AgentRecord>.Done>(await agents.SetStateAsync(id, AgentState.Active, "admin:x", "c", default));
        await authority.AgentAsync("a.agents.test", credential);
        Assert.Equal(["Suspended", "Active"], (await authority.EntriesAsync(LedgerEntryKind.AgentStateChanged)).Select(e => e["state"]));
    }

    [Fact]
    public async Task SetStateAsync_RetiredOrUnknown_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var id = certificate.SpiffeId!.ToString();
        var agents = authority.Services.Agents;
        await agents.SetStateAsync(id, AgentState.Retired, "admin:x", "c", default);
        Assert.Equal(PkiProblemKind.Conflict, Assert.IsType<Outcome<AgentRecord>.Refused>(await agents.SetStateAsync(id, AgentState.Active, "admin:x", "c", default)).Problem.Kind);
        Assert.Equal(PkiProblemKind.NotFound, Assert.IsType<Outcome<AgentRecord>.Refused>(await agents.SetStateAsync("spiffe://agents.test/agent/nobody", AgentState.Active, "admin:x", "c", default)).Problem.Kind);
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.AdminRefused)).Count);
    }
}
