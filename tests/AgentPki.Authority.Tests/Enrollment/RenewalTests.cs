using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>RFC 7030 §4.2.2 and who may enrol with a certificate.</summary>
public sealed class RenewalTests
{
    private const string Name = "a.agents.test";
    private static readonly GeneralName Id = new GeneralName.Uri($"spiffe://agents.test/agent/{Name}");

    public static TheoryData<string, string, GeneralName[], PkiProblemKind?, int> Requests => new()
    {
        { "the first request again", Name, [Dns(Name), Dns("b.agents.test")], null, 3 },
        { "with the SPIFFE ID", Name, [Id, Dns(Name), Dns("b.agents.test")], null, 3 },
        { "no names: all are carried over", Name, [], null, 3 },
        { "fewer names: what was added stays", Name, [Dns(Name)], null, 2 },
        { "the SPIFFE ID alone", Name, [Id], null, 2 },
        { "other subject", "b.agents.test", [Dns(Name)], PkiProblemKind.IdentityMismatch, 0 },
        { "no subject", "", [Dns(Name)], PkiProblemKind.IdentityMismatch, 0 },
        { "one name more", Name, [Dns(Name), Dns("c.agents.test")], PkiProblemKind.IdentityMismatch, 0 },
        { "another SPIFFE ID", Name, [new GeneralName.Uri("spiffe://agents.test/agent/other")], PkiProblemKind.IdentityMismatch, 0 },
        { "a foreign SPIFFE ID", Name, [Id, new GeneralName.Uri("spiffe://evil.test/agent/a")], PkiProblemKind.IdentityMismatch, 0 },
        { "a mail address", Name, [new GeneralName.Rfc822("a@agents.test")], PkiProblemKind.IdentityMismatch, 0 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task EnrollAsync_Renewal_Table(string what, string subject, GeneralName[] names, PkiProblemKind? expected, int count)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await EnrolledAsync(authority);
        var next = await TestAuthority.KeyAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(next, subject, names), new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew);
        Assert.Equal((what, expected), (what, (outcome as EnrollmentOutcome.Rejected)?.Problem.Kind));
        if (outcome is EnrollmentOutcome.Issued issued)
        {
            Assert.Equal(certificate.Subject, issued.Certificate.Subject);
            Assert.Equal(certificate.SpiffeId, issued.Certificate.SpiffeId);
            Assert.Equal(count, issued.Certificate.SubjectAlternativeNames.Count);
            Assert.All(issued.Certificate.SubjectAlternativeNames, n => Assert.Contains(n, certificate.SubjectAlternativeNames));
            Assert.Equal(next.PublicKey, issued.Certificate.PublicKey);
            Assert.Equal(certificate.SerialHex, (await authority.EntriesAsync(LedgerEntryKind.CertificateIssued))[^1]["renews"]);
            Assert.Equal("team-a", (await authority.Environment.Stores.Agents.FindAsync(certificate.SpiffeId!.ToString(), default))!.Owner);
        }
    }

    [Fact]
    public async Task EnrollAsync_RenewalWithTheSameKey_IsIssued()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(authority);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, certificate, key));
        Assert.NotEqual(certificate.SerialHex, issued.Certificate.SerialHex);
        // And the renewed one renews again.
        Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, issued.Certificate, key));
    }

    [Fact]
    public async Task EnrollAsync_ExpiredCertificate_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(authority);
        authority.Time.SetUtcNow(certificate.NotAfter.AddSeconds(2));
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate, key)).Problem;
        Assert.Equal(PkiProblemKind.Unauthorized, problem.Kind);
        Assert.Contains("enrol again", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnrollAsync_RevokedCertificate_IsRefusedFromTheCommitOn()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(authority);
        await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate, key)).Problem;
        Assert.Equal(PkiProblemKind.Unauthorized, problem.Kind);
        Assert.Contains("revoked", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnrollAsync_AnAgentByAnothersCertificate_IsItsChildAndGoesWithIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (parent, _) = await EnrolledAsync(authority);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "child.agents.test");
        var child = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(parent))).Certificate;
        var parentId = parent.SpiffeId!.ToString();
        Assert.Equal(parentId, (await authority.Environment.Stores.Agents.FindAsync(child.SpiffeId!.ToString(), default))!.Parent);

        await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.Agent(parentId, WithDescendants: true), RevocationReason.PrivilegeWithdrawn, "admin:x", "admin", "c"), default);
        Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(child))!.Status);
    }

    [Fact]
    public async Task EnrollAsync_ChildOfAnAgentStoppedWhileTheTokenSigns_IsWithheld()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (parent, _) = await EnrolledAsync(authority);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "child.agents.test");
        authority.Keys.BeforeSign = async _ => await authority.Services.Agents.SetStateAsync(parent.SpiffeId!.ToString(), AgentState.Suspended, "admin:x", "c", default);
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(parent))).Problem.Kind);
        Assert.Null(await authority.Environment.Stores.Agents.FindAsync("spiffe://agents.test/agent/child.agents.test", default));
    }

    [Theory]
    [InlineData(RevocationReason.KeyCompromise, EnrollmentKind.Renew)]
    [InlineData(RevocationReason.CertificateHold, EnrollmentKind.Renew)]
    [InlineData(RevocationReason.Superseded, EnrollmentKind.Enroll)]
    public async Task EnrollAsync_CertificateRevokedWhileTheTokenSigns_IsWithheld(RevocationReason reason, EnrollmentKind kind)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await EnrolledAsync(authority);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), Name);
        authority.Keys.BeforeSign = async _ => await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.OneCertificate(certificate), reason, "admin:x", "admin", "c"), default);
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(certificate), kind: kind)).Problem;
        Assert.Equal(PkiProblemKind.Unauthorized, problem.Kind);
        Assert.Contains("revoked at the same moment", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(1, await authority.AgentCertificatesAsync());
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateWithheld));
    }

    [Fact]
    public async Task EnrollAsync_CertificateOfAnotherAuthority_IsAStranger()
    {
        // The same names, the same trust domain, another appliance.
        await using var authority = await TestAuthority.StartAsync();
        await using var other = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(other);
        Assert.Equal(PkiProblemKind.Unauthenticated, Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate, key)).Problem.Kind);
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
    }

    [Fact]
    public async Task EnrollAsync_ForgedCertificateWithOurSerial_IsAStranger()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(authority);
        // Another signature under the same fields: what a fault of the handshake's verification would let through.
        var forged = Certificate.Parse(Certificate.Assemble(certificate.Tbs.Span, certificate.SignatureAlgorithm, [.. certificate.Signature.Span[..^1], (byte)(certificate.Signature.Span[^1] ^ 1)]));
        Assert.Equal(PkiProblemKind.Unauthenticated, Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, forged, key)).Problem.Kind);
    }

    [Fact]
    public async Task EnrollAsync_CaCertificateAsClient_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), Name), new Requester.AgentCertificate(authority.Ceremony.Issuing));
        Assert.Equal(PkiProblemKind.Unauthorized, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task EnrollAsync_RenewalByCredential_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), Name), await authority.CredentialAsync(), kind: EnrollmentKind.Renew);
        Assert.Equal(PkiProblemKind.Unauthenticated, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Kind);
    }

    [Fact]
    public async Task EnrollAsync_RenewalUnderAnotherLabel_IsRefused_UnderItsOwnOrNone_IsIssued()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await authority.AgentAsync(Name, label: "agent-short");
        Assert.True(certificate.NotAfter - certificate.NotBefore < TimeSpan.FromHours(1));
        foreach (var (label, expected) in new (string?, PkiProblemKind?)[] { ("agent", PkiProblemKind.PolicyViolation), ("agent-short", null), (null, null) })
        {
            var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, Name), new Requester.AgentCertificate(certificate), label, EnrollmentKind.Renew);
            Assert.Equal(expected, (outcome as EnrollmentOutcome.Rejected)?.Problem.Kind);
            Assert.True(outcome is not EnrollmentOutcome.Issued issued || issued.Certificate.NotAfter - issued.Certificate.NotBefore < TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task EnrollAsync_RenewalWindow_TooEarlyThenInTime()
    {
        var profiles = ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(t => t.File == "agent.yaml" ? (t.File, t.Yaml + "\nrenewal: {window: 8h}\n") : t));
        await using var authority = await TestAuthority.StartAsync(profiles: profiles);
        var (certificate, key) = await EnrolledAsync(authority);
        var early = Assert.IsType<EnrollmentOutcome.Rejected>(await RenewAsync(authority, certificate, key)).Problem;
        Assert.Equal((PkiProblemKind.PolicyViolation, TimeSpan.FromHours(16)), (early.Kind, early.RetryAfter));
        authority.Time.Advance(TimeSpan.FromHours(16));
        Assert.IsType<EnrollmentOutcome.Issued>(await RenewAsync(authority, certificate, key));
    }

    [Theory]
    [InlineData("agent", Name, true)]
    [InlineData("agent", "new.agents.test", true)]
    [InlineData("agent", "taken.agents.test", false)]
    [InlineData("agent-short", Name, true)]
    [InlineData("agent-short", "new.agents.test", false)]
    public async Task EnrollAsync_WithACertificate_ItselfOrWhereAllowedANewAgentOfItsOwner(string label, string commonName, bool allowed)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await EnrolledAsync(authority);
        await authority.AgentAsync("taken.agents.test", await authority.CredentialAsync(owner: "team-a"));
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), commonName), new Requester.AgentCertificate(certificate), label);
        Assert.Equal(allowed ? null : PkiProblemKind.Unauthorized, (outcome as EnrollmentOutcome.Rejected)?.Problem.Kind);
        if (outcome is EnrollmentOutcome.Issued issued)
        {
            Assert.Equal("team-a", (await authority.Environment.Stores.Agents.FindAsync(issued.Certificate.SpiffeId!.ToString(), default))!.Owner);
        }
    }

    [Fact]
    public async Task EnrollAsync_SubjectInAnotherStringType_IsTheSameSubject()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, key) = await EnrolledAsync(authority);
        // CN as PrintableString (0x13) instead of UTF8String (0x0C): clients that rebuild the name do this.
        var der = certificate.Subject.Der.ToArray();
        der[Array.IndexOf(der, (byte)0x0C)] = 0x13;
        var csr = Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(X500Name.Parse(der), [], key, default));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew));
        Assert.Equal(certificate.Subject, issued.Certificate.Subject);
    }

    private static GeneralName Dns(string name) => new GeneralName.Dns(name);

    private static async Task<(Certificate Certificate, ISigningKey Key)> EnrolledAsync(TestAuthority authority)
    {
        var key = await TestAuthority.KeyAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(key, Name, [Dns(Name), Dns("b.agents.test")]), await authority.CredentialAsync());
        return (Assert.IsType<EnrollmentOutcome.Issued>(outcome).Certificate, key);
    }

    private static async Task<EnrollmentOutcome> RenewAsync(TestAuthority authority, Certificate certificate, ISigningKey key) =>
        await authority.EnrollAsync(await TestAuthority.RequestAsync(key, Name), new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew);
}
