using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>A clock that was ahead for a while and is right again: nothing it has dated holds anything up, and nothing is left out.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(2);

    private static readonly AuthorityOptions WithDeltas = TestAuthority.DefaultOptions with
    {
        CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { DeltaValidity = TimeSpan.FromHours(1) } },
    };

    [Fact]
    public async Task List_OfAClockThatWasAhead_IsNotServedAndLeavesNobodyOut()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await RevokeAsync(authority, certificate);
        await CertificateListTests.CurrentAsync(authority);
        authority.Time.Turn(Ahead);
        Assert.True((await CertificateListTests.CurrentAsync(authority)).ThisUpdate > certificate.NotAfter);
        authority.Time.Turn(-Ahead);

        var list = await CertificateListTests.CurrentAsync(authority);

        Assert.Equal((3, authority.Time.GetUtcNow()), (list.Number, list.ThisUpdate));
        Assert.NotNull(list.Find(certificate.SerialNumber.Span));
        await authority.RestartAsync();
        Assert.Equal(3, (await CertificateListTests.CurrentAsync(authority)).Number);
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(3, (await CertificateListTests.CurrentAsync(authority)).Number);
    }

    [Fact]
    public async Task List_OfAClockThatWasAhead_IsReplacedByTheTimer_AfterARestartToo()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Time.Turn(Ahead);
        await authority.Services.CertificateLists.RefreshAsync(default);
        authority.Time.Turn(-Ahead);
        await authority.RestartAsync();
        await authority.Services.CertificateLists.RefreshAsync(default);
        Assert.Equal(2, (await authority.Environment.Stores.CertificateLists.LatestAsync("issuing", 0, false, default))!.Number);
    }

    [Fact]
    public async Task Delta_ToAListOfAClockThatWasAhead_LeavesNobodyOut()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Time.Turn(Ahead);
        await CertificateListTests.CurrentAsync(authority);
        authority.Time.Turn(-Ahead);
        await RevokeAsync(authority, certificate);
        var delta = await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", 0, IsDelta: true));
        Assert.NotNull(delta.Find(certificate.SerialNumber.Span));
        Assert.Equal(authority.Time.GetUtcNow(), delta.ThisUpdate);
    }

    [Fact]
    public async Task Revoke_WhileTheClockIsAhead_StandsInTheListAndInOcsp_NotLaterThanTheyAre()
    {
        await using var authority = await TestAuthority.StartAsync(WithDeltas);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await CertificateListTests.CurrentAsync(authority);
        authority.Time.Turn(Ahead / 4);
        await RevokeAsync(authority, certificate);
        authority.Time.Turn(-Ahead / 4);
        var now = authority.Time.GetUtcNow();
        Assert.Equal(now, (await CertificateListTests.CurrentAsync(authority)).Find(certificate.SerialNumber.Span)!.Value.RevocationDate);
        Assert.Equal(now, (await CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", 0, IsDelta: true))).Find(certificate.SerialNumber.Span)!.Value.RevocationDate);
        Assert.Equal(now, Assert.IsType<OcspCertificateStatus.Revoked>((await AskAsync(authority, certificate)).Data!.Responses[0].Status).Time);
    }

    [Fact]
    public async Task Answer_OfAClockThatWasAhead_IsNotServed()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Time.Turn(Ahead / 4);
        await AskAsync(authority, certificate);
        authority.Time.Turn(-Ahead / 4);
        Assert.Equal(authority.Time.GetUtcNow(), (await AskAsync(authority, certificate)).Data!.ProducedAt);

        // Nor when there is nothing better: a token that is gone.
        authority.Time.Turn(Ahead / 4);
        await AskAsync(authority, certificate);
        authority.Time.Turn(-Ahead / 4);
        authority.Keys.IsGone = true;
        Assert.Equal(OcspResponseStatus.TryLater, (await AskAsync(authority, certificate)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responder_CertifiedWhileTheClockWasAhead_DoesNotAnswerBeforeItsTime(bool restart)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Time.Turn(Ahead);
        Assert.Equal(OcspResponseStatus.Successful, (await AskAsync(authority, certificate)).Status);
        authority.Time.Turn(-Ahead);
        if (restart)
        {
            await authority.RestartAsync();
        }

        var answer = await AskAsync(authority, certificate);

        Assert.Equal(OcspResponseStatus.Successful, answer.Status);
        Assert.True(answer.Certificates[0].IsValidAt(authority.Time.GetUtcNow()));
    }

    private static async Task<OcspResponse> AskAsync(TestAuthority authority, Certificate certificate) =>
        OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]), default)).Der);

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate) =>
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
}
