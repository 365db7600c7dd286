using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>A connection's certificate is remembered between its requests; nothing that ends it may be missed (invariant 7).</summary>
public sealed class KnownCertificateTests
{
    [Fact]
    public async Task EnrollAsync_RevokedBetweenTwoRequestsOfAConnection_RefusesTheSecond()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, certificate));
        await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate)).Problem.Kind);
    }

    [Fact]
    public async Task EnrollAsync_SuspendedAndActivatedBetweenRequestsOfAConnection_FollowsEachChange()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var id = certificate.SpiffeId!.ToString();
        Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, certificate));
        await authority.Services.Agents.SetStateAsync(id, AgentState.Suspended, "admin:x", "c", default);
        var signatures = authority.Keys.Signatures;
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate)).Problem.Kind);
        Assert.Equal(signatures, authority.Keys.Signatures);
        await authority.Services.Agents.SetStateAsync(id, AgentState.Active, "admin:x", "c", default);
        Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, certificate));
    }

    private static async Task<EnrollmentOutcome> RenewAsync(TestAuthority authority, Certificate certificate) => await authority.EnrollAsync(
        await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew);
}
