using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

public sealed class CredentialTests
{
    [Theory]
    [InlineData("right", null)]
    [InlineData("wrong secret", PkiProblemKind.Unauthenticated)]
    [InlineData("unknown name", PkiProblemKind.Unauthenticated)]
    [InlineData("expired", PkiProblemKind.Unauthorized)]
    [InlineData("used up", PkiProblemKind.Unauthorized)]
    [InlineData("revoked", PkiProblemKind.Unauthorized)]
    [InlineData("other profile", PkiProblemKind.Unauthorized)]
    [InlineData("other pattern", PkiProblemKind.PolicyViolation)]
    [InlineData("stranger", PkiProblemKind.Unauthenticated)]
    public async Task EnrollAsync_Credential_Table(string situation, PkiProblemKind? expected)
    {
        await using var authority = await TestAuthority.StartAsync();
        Requester requester = situation switch
        {
            "other profile" => await authority.CredentialAsync(profiles: "agent-short"),
            "other pattern" => await authority.CredentialAsync(pattern: "/agent/team-b-*"),
            "stranger" => new Requester.Stranger("192.0.2.1"),
            _ => await authority.CredentialAsync("robot", maxUses: 1),
        };
        switch (situation)
        {
            case "wrong secret": requester = new Requester.Credential("robot", "guess"); break;
            case "unknown name": requester = new Requester.Credential("nobody", "guess"); break;
            case "expired": authority.Time.Advance(TimeSpan.FromDays(1)); break;
            case "used up": await authority.AgentAsync("team-a-0.agents.test", requester); break;
            case "revoked": await authority.Services.Credentials.RevokeAsync("robot", "admin:x", "c", default); break;
        }

        var before = await authority.AgentCertificatesAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "team-a-1.agents.test"), requester);
        Assert.Equal(expected, (outcome as EnrollmentOutcome.Rejected)?.Problem.Kind);
        Assert.Equal(before + (expected is null ? 1 : 0), await authority.AgentCertificatesAsync());
        // Who proved a credential is refused in the open; who did not is counted.
        var listed = expected is PkiProblemKind.Unauthorized or PkiProblemKind.PolicyViolation ? 1 : 0;
        Assert.Equal(listed, (await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused)).Count);
        await authority.Services.Audit.FlushAsync(default);
        Assert.Equal(expected is PkiProblemKind.Unauthenticated ? 1 : 0, (await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated)).Count);
    }

    [Fact]
    public async Task EnrollAsync_OneTimeCredentialUsedByManyAtOnce_YieldsExactlyOneCertificate()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync(maxUses: 1);
        var requests = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i => await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), $"a{i}.agents.test")));
        // Everybody is past the first look at the credential before anybody commits.
        var all = new Rendezvous(8);
        authority.Keys.BeforeSign = _ => all.ArriveAsync();
        var outcomes = await Task.WhenAll(requests.Select(csr => Task.Run(() => authority.EnrollAsync(csr, credential).AsTask())));
        Assert.Single(outcomes.OfType<EnrollmentOutcome.Issued>());
        Assert.All(outcomes.OfType<EnrollmentOutcome.Rejected>(), r => Assert.Equal(PkiProblemKind.Unauthorized, r.Problem.Kind));
        Assert.Equal(1, await authority.AgentCertificatesAsync());
        Assert.Equal(7, (await authority.EntriesAsync(LedgerEntryKind.CertificateWithheld)).Count);
        Assert.Equal(1, (await authority.Environment.Stores.Credentials.FindAsync(credential.Name, default))!.Uses);
    }

    [Fact]
    public async Task EnrollAsync_LimitedCredential_ServesAsOftenAsItSays()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync(maxUses: 3);
        for (var i = 0; i < 3; i++)
        {
            await authority.AgentAsync($"a{i}.agents.test", credential);
        }

        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a3.agents.test"), credential);
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task EnrollAsync_AgentOfAnotherOwner_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.AgentAsync("a.agents.test", await authority.CredentialAsync(owner: "team-a"));
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test"), await authority.CredentialAsync(owner: "team-b"));
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
        // Its own owner may enrol it again, with another key.
        await authority.AgentAsync("a.agents.test", await authority.CredentialAsync(owner: "team-a"));
    }

    [Theory]
    [InlineData("bad name", "team-a", null, null, 1)]
    [InlineData("ok", "", null, null, 1)]
    [InlineData("ok", "team\n-a", null, null, 1)]
    [InlineData("ok", "team-a", "agent/*", null, 1)]
    [InlineData("ok", "team-a", null, 0, 1)]
    [InlineData("ok", "team-a", null, null, 0)]
    [InlineData("ok", "team-a", null, null, 10_000)]
    public async Task CreateAsync_Nonsense_Refuses(string name, string owner, string? pattern, int? uses, int days)
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.Services.Credentials.CreateAsync(new NewCredential(name, owner, [], pattern, uses, TimeSpan.FromDays(days)), "admin:x", "c", default);
        Assert.Equal(PkiProblemKind.PolicyViolation, Assert.IsType<Outcome<CreatedCredential>.Refused>(outcome).Problem.Kind);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.AdminRefused));
    }

    [Fact]
    public async Task CreateAsync_ProfileThatTakesNone_SaysWhichDo()
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.Services.Credentials.CreateAsync(new NewCredential("x", "team-a", ["tls-server"], null, 1, TimeSpan.FromDays(1)), "admin:x", "c", default);
        Assert.Contains("agent-short", Assert.IsType<Outcome<CreatedCredential>.Refused>(outcome).Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateAsync_NameTwice_Conflicts()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.CredentialAsync("x");
        var outcome = await authority.Services.Credentials.CreateAsync(new NewCredential("x", "team-a", [], null, 1, TimeSpan.FromDays(1)), "admin:x", "c", default);
        Assert.Equal(PkiProblemKind.Conflict, Assert.IsType<Outcome<CreatedCredential>.Refused>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task Secret_IsNeitherStoredNorLoggedNorInTheLedger()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync("robot");
        await authority.AgentAsync("a.agents.test", credential);
        Assert.Equal(43, credential.Secret.Length);
        Assert.DoesNotContain(credential.Secret, credential.ToString(), StringComparison.Ordinal);
        var stored = (await authority.Environment.Stores.Credentials.FindAsync("robot", default))!;
        Assert.Equal(CredentialService.HashSecret(credential.Secret), stored.SecretHash);
        Assert.DoesNotContain(credential.Secret, new CreatedCredential(stored, credential.Secret).ToString(), StringComparison.Ordinal);
        foreach (var kind in Enum.GetValues<LedgerEntryKind>())
        {
            Assert.DoesNotContain(await authority.EntriesAsync(kind), e => e.Values.Any(v => v.Contains(credential.Secret, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task RevokeAsync_Twice_IsTheSame_UnknownIsNotFound()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.CredentialAsync("x");
        Assert.IsType<Outcome<string>.Done>(await authority.Services.Credentials.RevokeAsync("x", "admin:x", "c", default));
        Assert.IsType<Outcome<string>.Done>(await authority.Services.Credentials.RevokeAsync("x", "admin:x", "c", default));
        Assert.Equal(PkiProblemKind.NotFound, Assert.IsType<Outcome<string>.Refused>(await authority.Services.Credentials.RevokeAsync("y", "admin:x", "c", default)).Problem.Kind);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CredentialRevoked));
    }

    [Fact]
    public async Task EnrollAsync_StoreCannotBeRead_Denies()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        authority.Store.Fault = () => new StoreUnavailableException("down (test)");
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential)).Problem;
        Assert.Equal(PkiProblemKind.Unavailable, problem.Kind);
        authority.Store.Fault = null;
        Assert.Equal(0, await authority.AgentCertificatesAsync());
        Assert.DoesNotContain(AuditDetails.Agent, (await authority.EntriesAsync(LedgerEntryKind.CertificateIssued)).SelectMany(e => e.Keys));
    }
}
