using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class SelectionTests
{
    [Fact]
    public async Task RevokeAsync_Owner_IsOneLeafWithSelectorCountAndDigest_AndNobodyEnrolsAgain()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var a = (await authority.AgentAsync("a.agents.test", credential)).Certificate;
        var b = (await authority.AgentAsync("b.agents.test", credential)).Certificate;
        var owner = (await authority.Environment.Stores.Agents.FindAsync(a.SpiffeId!.ToString(), default))!.Owner;
        var epoch = authority.Services.Commits.Revocations.Epoch;
        var waiting = authority.Services.Commits.Revocations.WaitBeyondAsync(epoch, TestContext.Current.CancellationToken).AsTask();

        var result = RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.Selection(new RevocationSelector { Owner = owner }), RevocationReason.CessationOfOperation));

        Assert.Equal((2, 2, epoch + 1), (result.Revoked, result.Agents, result.Epoch));
        await waiting;
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked));
        Assert.Equal(($"owner={owner}", "2", "2", "CessationOfOperation"), (entry[LedgerFacts.Selector], entry[AuditDetails.CertificateCount], entry[AuditDetails.Agents], entry[AuditDetails.Reason]));
        Assert.Matches("^[0-9a-f]{64}$", entry[LedgerFacts.SetDigest]);
        Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(b))!.Status);
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), credential);
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task HoldAndRelease_Agent_StopsAndStartsIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var target = new RevocationTarget.Agent(certificate.SpiffeId!.ToString());

        Assert.Equal(1, RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.CertificateHold)).Revoked);
        Assert.Equal(RevocationReason.CertificateHold, Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(certificate))!.Status).Reason);
        Assert.Equal(AgentState.Suspended, (await authority.Environment.Stores.Agents.FindAsync(target.AgentId, default))!.State);

        var released = RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(target, "admin:x", "admin", "c"), default));
        Assert.Equal((1, 1), (released.Revoked, released.Agents));
        Assert.IsType<CertificateStatus.Good>((await authority.FindAsync(certificate))!.Status);
        Assert.Equal(AgentState.Active, (await authority.Environment.Stores.Agents.FindAsync(target.AgentId, default))!.State);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateReleased));

        // For good after all: what was released can be revoked, and then not released.
        Assert.Equal(1, RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.KeyCompromise)).Revoked);
        Assert.Equal(0, RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(target, "admin:x", "admin", "c"), default)).Revoked);
    }

    [Fact]
    public async Task Release_AgentsStoppedForSomethingElse_StayStopped_EvenDuringTheHold()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync(owner: "team-a");
        var ids = new List<string>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            ids.Add((await authority.AgentAsync($"{name}.agents.test", credential)).Certificate.SpiffeId!.ToString());
        }

        var team = new RevocationTarget.Selection(new RevocationSelector { Owner = "team-a" });
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.Agent(ids[0]), RevocationReason.KeyCompromise));
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, team, RevocationReason.CertificateHold));
        // Held already: said again by hand, it is more than a hold.
        await authority.Services.Agents.SetStateAsync(ids[1], AgentState.Suspended, "admin:x", "c", default);

        var preview = Assert.IsType<Outcome<SelectionPreview>.Done>(await authority.Services.Revocations.PreviewAsync(team, RevocationReason.RemoveFromCrl, false, default)).Value;
        var released = RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(team, "admin:x", "admin", "c"), default));

        Assert.Equal((2, 2, 1), (preview.Certificates, released.Revoked, released.Agents));
        Assert.Equal(
            [AgentState.Suspended, AgentState.Suspended, AgentState.Active],
            await Task.WhenAll(ids.Select(async id => (await authority.Environment.Stores.Agents.FindAsync(id, default))!.State)));
    }

    [Fact]
    public async Task ReleaseAsync_AboveTheLimit_WantsTheNumberThatTheDryRunShows()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { UnconfirmedRevocations = 1 });
        var credential = await authority.CredentialAsync(owner: "team-a");
        await authority.AgentAsync("a.agents.test", credential);
        await authority.AgentAsync("b.agents.test", credential);
        var team = new RevocationTarget.Selection(new RevocationSelector { Owner = "team-a" });
        RevocationTests.Done(await authority.Services.Revocations.RevokeAsync(new RevocationRequest(team, RevocationReason.CertificateHold, "admin:x", "admin", "c") { Confirmed = 2 }, default));

        var refused = Assert.IsType<Outcome<RevocationResult>.Refused>(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(team, "admin:x", "admin", "c"), default));
        Assert.Contains("2 certificates", refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(2, RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(team, "admin:x", "admin", "c") { Confirmed = 2 }, default)).Revoked);
    }

    [Theory]
    [InlineData(RevocationReason.KeyCompromise, true)]
    [InlineData(RevocationReason.PrivilegeWithdrawn, true)]
    [InlineData(RevocationReason.Superseded, false)]
    public async Task RevokedKey_CannotEnrolAgain_AfterCompromiseOrWithdrawnPrivilege(RevocationReason reason, bool blocked)
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var key = await TestAuthority.KeyAsync();
        var first = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential)).Certificate;

        await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(first), reason);

        var again = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential);
        if (blocked)
        {
            Assert.Equal(PkiProblemKind.BadPublicKey, Assert.IsType<EnrollmentOutcome.Rejected>(again).Problem.Kind);
            Assert.Contains("not certified again", ((EnrollmentOutcome.Rejected)again).Problem.Detail, StringComparison.Ordinal);
        }
        else
        {
            Assert.IsType<EnrollmentOutcome.Issued>(again);
        }
    }

    [Fact]
    public async Task RevokeAsync_KeyNeverSeen_IsRefusedWhenItComes()
    {
        await using var authority = await TestAuthority.StartAsync();
        var key = await TestAuthority.KeyAsync();
        var request = await TestAuthority.RequestAsync(key, "a.agents.test");

        var result = RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.Selection(new RevocationSelector { KeyFingerprint = request.PublicKey.Fingerprint() }), RevocationReason.KeyCompromise));

        Assert.Equal((0, 1), (result.Revoked, result.BlockedKeys));
        var outcome = await authority.EnrollAsync(request, await authority.CredentialAsync());
        Assert.Equal(PkiProblemKind.BadPublicKey, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task RevokeAsync_AboveTheLimit_WantsTheNumberThatTheDryRunShows()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { UnconfirmedRevocations = 1 });
        var credential = await authority.CredentialAsync();
        var (first, _) = await authority.AgentAsync("a.agents.test", credential);
        await authority.AgentAsync("b.agents.test", credential);
        var target = new RevocationTarget.Selection(new RevocationSelector { Profile = (await authority.FindAsync(first))!.Certificate.Profile });

        var refused = Assert.IsType<Outcome<RevocationResult>.Refused>(await RevocationTests.RevokeAsync(authority, target, RevocationReason.Superseded));
        Assert.Equal(PkiProblemKind.PolicyViolation, refused.Problem.Kind);
        Assert.Contains("2 certificates", refused.Problem.Detail, StringComparison.Ordinal);

        var preview = Assert.IsType<Outcome<SelectionPreview>.Done>(await authority.Services.Revocations.PreviewAsync(target, RevocationReason.Superseded, false, default)).Value;
        Assert.Equal((2, 2, 2), (preview.Certificates, preview.Agents, preview.AgentsLeftWithout));
        var request = new RevocationRequest(target, RevocationReason.Superseded, "admin:x", "admin", "c") { Confirmed = preview.Certificates };
        Assert.Equal(2, RevocationTests.Done(await authority.Services.Revocations.RevokeAsync(request, default)).Revoked);
    }

    [Fact]
    public async Task RevokeAsync_EverythingOfACa_SparesTheAppliancesOwn_AndTheDryRunSaysSo()
    {
        await using var authority = await TestAuthority.StartAsync();
        var target = new RevocationTarget.Selection(new RevocationSelector { Authority = "root" });
        var preview = Assert.IsType<Outcome<SelectionPreview>.Done>(await authority.Services.Revocations.PreviewAsync(target, RevocationReason.Superseded, false, default)).Value;
        Assert.Equal(0, preview.Certificates);
        Assert.Contains(preview.Spared, c => c.Certificate.Der.AsSpan().SequenceEqual(authority.Ceremony.Issuing.Der.Span));

        Assert.Equal(0, RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.Superseded)).Revoked);

        Assert.IsType<CertificateStatus.Good>(await authority.Environment.Stores.Certificates.FindStatusAsync("root", authority.Ceremony.Issuing.SerialNumber, default));
    }
}
