using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Registry;

/// <summary>What the registry says to an enrolment.</summary>
public sealed class RegistryGateTests
{
    private const string RegisteredOnly = "enrolment: registered\ntiers:\n  low: {register: [ra-administrator]}\n";

    [Fact]
    public async Task RegisteredOnly_EnrolsWhatIsRegistered_ForItsOwnerAndItsProfiles()
    {
        var rules = new RulesFolder(isGoverned: false, RegisteredOnly);
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = rules });
        var credential = await authority.CredentialAsync();
        Assert.Contains("is not registered", await RefusedAsync(authority, "a", credential), StringComparison.Ordinal);

        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low") + "profiles: [agent]\n");
        Assert.Contains("belongs to another owner", await RefusedAsync(authority, "a", await authority.CredentialAsync(owner: "team-b")), StringComparison.Ordinal);
        Assert.Contains("certificates of agent only, not of 'agent-short'", await RefusedAsync(authority, "a", credential, "agent-short"), StringComparison.Ordinal);
        var (certificate, key) = await authority.AgentAsync("a", credential);

        // Narrowed since, it holds for a renewal too, and at once: the connection's certificate is not remembered beyond the change.
        var renewing = new Requester.AgentCertificate(certificate);
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low") + "profiles: [agent-short]\n");
        Assert.Contains("not of 'agent'", await RefusedAsync(authority, key, certificate, renewing), StringComparison.Ordinal);
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low"));
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await RenewalAsync(key, certificate), renewing, kind: EnrollmentKind.Renew));
    }

    [Fact]
    public async Task Children_AreThoseThatTheRegistryLetsAParentHave()
    {
        var rules = new RulesFolder(isGoverned: false, RegisteredOnly);
        await using var authority = await TestAuthority.StartAsync(surroundings: e => e with { RegistryRules = rules });
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low"));
        var (parent, _) = await authority.AgentAsync("a");
        var by = new Requester.AgentCertificate(parent);
        Assert.Contains("nothing registered lets", await RefusedAsync(authority, "a-1", by), StringComparison.Ordinal);

        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low") + "children: {allow: [/agent/a-*], maximum: 2}\n");
        Assert.Contains("its children are /agent/a-* up to 2", await RefusedAsync(authority, "b", by), StringComparison.Ordinal);
        await authority.AgentAsync("a-1", by);
        await authority.AgentAsync("a-2", by);
        Assert.Contains("more than 2 children", await RefusedAsync(authority, "a-3", by), StringComparison.Ordinal);
        await AgentRegistryTests.ApplyAsync(authority, AgentRegistryTests.Document("a", "low") + "children: none\n");
        Assert.Contains("its children are none", await RefusedAsync(authority, "a-3", by), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OwnerWhoLeft_GetsNoNewAgents()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        await authority.AgentAsync("a", credential);
        await authority.Services.Owners.LeaveAsync("team-a", "admin:x", "c", default);
        await authority.AgentAsync("a", credential);
        Assert.Contains("team-a has left", await RefusedAsync(authority, "b", credential), StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(TestAuthority authority, string name, Requester requester, string? label = null)
    {
        await using var key = await TestAuthority.KeyAsync();
        return Detail(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, name), requester, label));
    }

    private static async Task<string> RefusedAsync(TestAuthority authority, Cryptography.ISigningKey key, Certificate certificate, Requester requester) =>
        Detail(await authority.EnrollAsync(await RenewalAsync(key, certificate), requester, kind: EnrollmentKind.Renew));

    private static Task<X509.Requests.Pkcs10Request> RenewalAsync(Cryptography.ISigningKey key, Certificate certificate) =>
        TestAuthority.RequestAsync(key, "a", certificate.SubjectAlternativeNames.Where(n => n is GeneralName.Dns));

    private static string Detail(EnrollmentOutcome outcome)
    {
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem;
        Assert.Equal(PkiProblemKind.Unauthorized, problem.Kind);
        return problem.Detail;
    }
}
