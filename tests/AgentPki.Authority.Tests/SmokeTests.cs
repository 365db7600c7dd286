using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests;

public sealed class SmokeTests
{
    [Fact]
    public async Task EnrollRenewRevoke_Whole()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await authority.AgentAsync("agent-7.agents.test");
        Assert.Equal("spiffe://agents.test/agent/agent-7.agents.test", certificate.SpiffeId?.ToString());
        var renewed = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "agent-7.agents.test"), new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew);
        Assert.IsType<EnrollmentOutcome.Issued>(renewed);
        var services = authority.Services;
        var ocsp = OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]);
        var answer = OcspResponse.Parse((await services.Ocsp.RespondAsync(ocsp, default)).Der);
        Assert.IsType<OcspCertificateStatus.Good>(answer.Data!.Responses[0].Status);
        await services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        answer = OcspResponse.Parse((await services.Ocsp.RespondAsync(ocsp, default)).Der);
        Assert.IsType<OcspCertificateStatus.Revoked>(answer.Data!.Responses[0].Status);
        var list = CertificateList.Parse(await (await services.CertificateLists.CurrentAsync("issuing", default))!.ReadAsync(default));
        Assert.Equal(CrlReason.KeyCompromise, list.Find(certificate.SerialNumber.Span)!.Value.Reason);
    }
}
