using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class RevocationTests
{
    [Fact]
    public async Task RevokeAsync_Twice_IsOneEntryAndTheFirstReasonStays()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var first = Done(await RevokeAsync(authority, new RevocationTarget.Serial("issuing", certificate.SerialNumber), RevocationReason.KeyCompromise));
        var second = Done(await RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        Assert.Equal((1, 0), (first.Revoked, first.AlreadyRevoked));
        Assert.Equal((0, 1, first.Epoch), (second.Revoked, second.AlreadyRevoked, second.Epoch));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked));
        Assert.Equal((certificate.SerialHex, "issuing", "KeyCompromise"), (entry[LedgerFacts.Serial], entry[LedgerFacts.Authority], entry[AuditDetails.Reason]));
        Assert.Equal(RevocationReason.KeyCompromise, Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(certificate))!.Status).Reason);
    }

    [Fact]
    public async Task RevokeAsync_Agent_TakesAllItsCertificatesInOneEntryAndSuspendsIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var certificates = new List<Certificate>();
        for (var i = 0; i < 5; i++)
        {
            certificates.Add((await authority.AgentAsync("a.agents.test", credential)).Certificate);
        }

        var (bystander, _) = await authority.AgentAsync("b.agents.test", credential);
        await RevokeAsync(authority, new RevocationTarget.OneCertificate(certificates[0]), RevocationReason.Superseded);
        var agent = certificates[0].SpiffeId!.ToString();
        var result = Done(await RevokeAsync(authority, new RevocationTarget.Agent(agent), RevocationReason.PrivilegeWithdrawn));
        Assert.Equal((4, 1), (result.Revoked, result.AlreadyRevoked));
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked)).Count);
        Assert.All(certificates, c => Assert.IsType<CertificateStatus.Revoked>(authority.FindAsync(c).AsTask().Result!.Status));
        Assert.IsType<CertificateStatus.Good>((await authority.FindAsync(bystander))!.Status);
        Assert.Equal(AgentState.Suspended, (await authority.Environment.Stores.Agents.FindAsync(agent, default))!.State);
        // The rogue agent's credential brings it nothing any more.
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), credential);
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task RevokeAsync_CompromiseLearntAfterwards_BlocksTheKeyOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var (certificate, key) = await authority.AgentAsync("a.agents.test", credential);
        var target = new RevocationTarget.OneCertificate(certificate);
        var first = Done(await RevokeAsync(authority, target, RevocationReason.Superseded));

        var compromised = Done(await RevokeAsync(authority, target, RevocationReason.KeyCompromise));

        Assert.Equal((0, 1, 1, first.Epoch), (compromised.Revoked, compromised.AlreadyRevoked, compromised.BlockedKeys, compromised.Epoch));
        Assert.Equal(RevocationReason.Superseded, Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(certificate))!.Status).Reason);
        var again = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
        Assert.Equal(PkiProblemKind.BadPublicKey, again.Problem.Kind);
        Assert.Equal((0, 1, 0), Done(await RevokeAsync(authority, target, RevocationReason.KeyCompromise)) is var third ? (third.Revoked, third.AlreadyRevoked, third.BlockedKeys) : default);
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked)).Count);
    }

    [Theory]
    [InlineData("unknown serial", PkiProblemKind.NotFound)]
    [InlineData("unknown authority", PkiProblemKind.NotFound)]
    [InlineData("unknown agent", PkiProblemKind.NotFound)]
    [InlineData("foreign certificate", PkiProblemKind.NotFound)]
    [InlineData("the appliance's own", PkiProblemKind.PolicyViolation)]
    [InlineData("no condition", PkiProblemKind.MalformedRequest)]
    [InlineData("more than was confirmed", PkiProblemKind.PolicyViolation)]
    [InlineData("removeFromCRL", PkiProblemKind.PolicyViolation)]
    [InlineData("no such reason", PkiProblemKind.PolicyViolation)]
    public async Task RevokeAsync_WhatCannotBe_IsRefusedAndRecorded(string what, PkiProblemKind expected)
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { UnconfirmedRevocations = 0 });
        await using var other = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var (foreign, _) = await other.AgentAsync("a.agents.test");
        RevocationTarget target = what switch
        {
            "unknown serial" => new RevocationTarget.Serial("issuing", new byte[] { 1, 2, 3 }),
            "unknown authority" => new RevocationTarget.Serial("nobody", certificate.SerialNumber),
            "unknown agent" => new RevocationTarget.Agent("spiffe://agents.test/agent/nobody"),
            "foreign certificate" => new RevocationTarget.OneCertificate(foreign),
            "no condition" => new RevocationTarget.Selection(new RevocationSelector()),
            "more than was confirmed" => new RevocationTarget.Selection(new RevocationSelector { Profile = "agent" }),
            "the appliance's own" => new RevocationTarget.OneCertificate(authority.Ceremony.Issuing),
            _ => new RevocationTarget.OneCertificate(certificate),
        };
        var reason = what switch { "removeFromCRL" => RevocationReason.RemoveFromCrl, "no such reason" => (RevocationReason)7, _ => RevocationReason.Superseded };
        Assert.Equal(expected, Assert.IsType<Outcome<RevocationResult>.Refused>(await RevokeAsync(authority, target, reason)).Problem.Kind);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AdminRefused));
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.CertificateRevoked));
    }

    [Fact]
    public async Task RevokeAsync_StoreDown_IsUnavailable()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        authority.Store.Fault = () => new StoreUnavailableException("full (test)");
        var refused = Assert.IsType<Outcome<RevocationResult>.Refused>(await RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.Superseded));
        Assert.Equal(PkiProblemKind.Unavailable, refused.Problem.Kind);
        authority.Store.Fault = null;
        Assert.IsType<CertificateStatus.Good>((await authority.FindAsync(certificate))!.Status);
    }

    internal static ValueTask<Outcome<RevocationResult>> RevokeAsync(TestAuthority authority, RevocationTarget target, RevocationReason reason, bool includeAppliance = false) =>
        authority.Services.Revocations.RevokeAsync(new RevocationRequest(target, reason, "admin:x", "admin", "c", includeAppliance), default);

    internal static RevocationResult Done(Outcome<RevocationResult> outcome) => Assert.IsType<Outcome<RevocationResult>.Done>(outcome).Value;
}
