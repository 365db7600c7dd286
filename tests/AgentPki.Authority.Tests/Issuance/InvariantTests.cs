using System.Reflection;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Issuance;

/// <summary>The invariants of the design, each broken on purpose.</summary>
public sealed class InvariantTests
{
    [Fact]
    public async Task Token_SecondUse_Throws()
    {
        await using var authority = await TestAuthority.StartAsync();
        var issuer = authority.Services.Issuers.Find("issuing")!;
        var token = issuer.Prepare(Draft(issuer, await TestAuthority.KeyAsync()), out _)!;
        await issuer.SignAsync(token, default);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => issuer.SignAsync(token, default).AsTask());
        Assert.Contains("used already", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_OtherKey_Throws()
    {
        await using var authority = await TestAuthority.StartAsync();
        var issuer = authority.Services.Issuers.Find("issuing")!;
        var token = issuer.Prepare(Draft(issuer, await TestAuthority.KeyAsync()), out _)!;
        await Assert.ThrowsAsync<InvalidOperationException>(() => authority.Services.Issuers.Find("root")!.SignAsync(token, default).AsTask());
    }

    [Fact]
    public async Task Token_UsedByManyAtOnce_SignsOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        var issuer = authority.Services.Issuers.Find("issuing")!;
        var token = issuer.Prepare(Draft(issuer, await TestAuthority.KeyAsync()), out _)!;
        var before = authority.Keys.Signatures;
        var tries = Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            try
            {
                await issuer.SignAsync(token, default);
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }));
        Assert.Single(await Task.WhenAll(tries), won => won);
        Assert.Equal(before + 1, authority.Keys.Signatures);
    }

    [Fact]
    public async Task Prepare_LintFails_GivesNoTokenAndTheKeySignsNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var issuer = authority.Services.Issuers.Find("issuing")!;
        var before = authority.Keys.Signatures;
        // A leaf of a foreign trust domain, with a negative serial number.
        var draft = Draft(issuer, await TestAuthority.KeyAsync(), "spiffe://evil.test/agent/x") with { Serial = [0x80, .. new byte[15]] };
        Assert.Null(issuer.Prepare(draft, out var findings));
        Assert.Contains(findings, f => f.Severity == LintSeverity.Error);
        Assert.Equal(before, authority.Keys.Signatures);
    }

    [Fact]
    public void Key_OfAnIssuerOrResponder_IsReachableByNobody()
    {
        // Invariant 1 as a fact of the assembly: one private field holds the key, and no member hands one out.
        var holders = typeof(Issuer).Assembly.GetTypes()
            .Where(t => t.Namespace is "AgentPki.Authority.Issuance" or "AgentPki.Authority.Revocation" && !t.IsNested)
            .SelectMany(t => t.GetMembers(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(m => TypeOf(m) == typeof(ISigningKey))
            .Select(m => $"{m.DeclaringType?.Name}.{m.Name}")
            .ToList();
        Assert.Equal(["GuardedKey._key"], holders);
        Assert.True(typeof(GuardedKey).GetField("_key", BindingFlags.Instance | BindingFlags.NonPublic)!.IsPrivate);
        Assert.All(typeof(IssuanceToken).GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic), c => Assert.True(c.IsPrivate));
    }

    [Fact]
    public async Task Take_KeyOfAnotherPurpose_Refuses()
    {
        var key = await TestAuthority.KeyAsync();
        Assert.Throws<ArgumentException>(() => GuardedKey.Take(new CryptoProviders(), key));
    }

    [Fact]
    public async Task Probe_KeyOfACa_IsJudgedByItsCertificate()
    {
        await using var authority = await TestAuthority.StartAsync();
        var record = authority.Services.Issuers.Find("issuing")!.Record;
        await using var key = GuardedKey.Find(authority.Providers, record.Key, authority.Ceremony.Issuing.PublicKey);
        Assert.True(Assert.Single(await key.ProbeAsync(record.Signature, TestContext.Current.CancellationToken)).Verifies);
        authority.Keys.AfterSign = (_, signature) => [.. signature[..^1], (byte)(signature[^1] ^ 1)];
        Assert.False(Assert.Single(await key.ProbeAsync(record.Signature, TestContext.Current.CancellationToken)).Verifies);

        await using var another = GuardedKey.Find(authority.Providers, record.Key, authority.Ceremony.Root.PublicKey);
        Assert.Contains("not the one its certificate names", (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await another.ProbeAsync(record.Signature, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enroll_KeyLies_ReleasesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var key = await TestAuthority.KeyAsync();
        // A signature over something else: well-formed, and wrong.
        authority.Keys.AfterSign = (signer, _) => signer.SignAsync(signer.Algorithm.DefaultSignature, new byte[] { 1, 2, 3 }, default).AsTask().Result;
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
        Assert.Equal(PkiProblemKind.IssuanceRejected, rejected.Problem.Kind);
        authority.Keys.AfterSign = (_, signature) => signature[..^1];
        rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
        Assert.Equal(PkiProblemKind.IssuanceRejected, rejected.Problem.Kind);
        await NothingWasIssuedAsync(authority);
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused)).Count);
    }

    [Fact]
    public async Task Enroll_StoreFailsAfterTheSignature_ReleasesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync(maxUses: 1);
        var key = await TestAuthority.KeyAsync();
        authority.Keys.BeforeSign = _ =>
        {
            authority.Store.Fault = () => new StoreUnavailableException("crash between signature and commit (test)");
            return Task.CompletedTask;
        };
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
        Assert.Equal(PkiProblemKind.Unavailable, rejected.Problem.Kind);
        Assert.NotNull(rejected.Problem.RetryAfter);
        (authority.Store.Fault, authority.Keys.BeforeSign) = (null, null);
        await NothingWasIssuedAsync(authority);
        // The credential's one use was not lost with it.
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, "a.agents.test"), credential));
    }

    [Fact]
    public async Task Enroll_TokenIsGone_SaysWhenToTryAgainAndRecovers()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        authority.Keys.IsGone = true;
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential));
        Assert.Equal((PkiProblemKind.Unavailable, TimeSpan.FromSeconds(7)), (rejected.Problem.Kind, rejected.Problem.RetryAfter));
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
        Assert.NotNull(await authority.Services.WhyNotReadyAsync(default));
        authority.Keys.IsGone = false;
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, credential));
        Assert.Null(await authority.Services.WhyNotReadyAsync(default));
    }

    [Fact]
    public async Task Enroll_CallerLeavesDuringTheSignature_IsRecordedAllTheSame()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        using var cancel = new CancellationTokenSource();
        authority.Keys.BeforeSign = _ => cancel.CancelAsync();
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, credential, cancellationToken: cancel.Token));
        Assert.NotNull(await authority.FindAsync(issued.Certificate));
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
    }

    [Fact]
    public async Task Enroll_CallerLeftBefore_SignsNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var before = authority.Keys.Signatures;
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => authority.EnrollAsync(csr, credential, cancellationToken: new CancellationToken(true)).AsTask());
        Assert.Equal(before, authority.Keys.Signatures);
    }

    [Fact]
    public async Task Enroll_OneKeyForTwoAgentsAtOnce_OneGetsItAndTheOtherIsWithheld()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        var key = await TestAuthority.KeyAsync();
        // Both are past every check before either commits.
        var both = new Rendezvous(2);
        authority.Keys.BeforeSign = _ => both.ArriveAsync();
        var requests = await Task.WhenAll(TestAuthority.RequestAsync(key, "a.agents.test"), TestAuthority.RequestAsync(key, "b.agents.test"));
        var outcomes = await Task.WhenAll(requests.Select(csr => Task.Run(() => authority.EnrollAsync(csr, credential).AsTask())));
        Assert.Single(outcomes.OfType<EnrollmentOutcome.Issued>());
        Assert.Equal(PkiProblemKind.BadPublicKey, Assert.Single(outcomes.OfType<EnrollmentOutcome.Rejected>()).Problem.Kind);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateWithheld));
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
        Assert.Equal(1, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task Enroll_IssuingCaIsRevoked_IssuesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync();
        await authority.Services.Revocations.RevokeAsync(
            new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(authority.Ceremony.Issuing), RevocationReason.CaCompromise, "admin:x", "admin", "c", IncludeAppliance: true), default);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential));
        Assert.Equal(PkiProblemKind.Unavailable, rejected.Problem.Kind);
        Assert.NotNull(await authority.Services.WhyNotReadyAsync(default));
    }

    [Fact]
    public async Task Enroll_CaEndsSoon_NeverPastTheIssuer()
    {
        await using var authority = await TestAuthority.StartAsync(ceremony: o => o with { Issuing = o.Issuing with { Validity = TimeSpan.FromHours(10) } });
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.Equal(authority.Ceremony.Issuing.NotAfter, certificate.NotAfter);
        authority.Time.Advance(TimeSpan.FromHours(10));
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "b.agents.test");
        Assert.Equal(PkiProblemKind.Unavailable, Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, await authority.CredentialAsync())).Problem.Kind);
    }

    [Fact]
    public void SerialNumber_Many_ArePositiveMinimalAndDifferent()
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < 2000; i++)
        {
            var serial = SerialNumber.Create(1);
            Assert.Equal(20, serial.Length);
            Assert.InRange(serial[0], 0x40, 0x7F);
            Assert.True(seen.Add(Convert.ToHexString(serial)));
        }
    }

    [Theory]
    [InlineData(1, "0001")]
    [InlineData(2, "0002")]
    [InlineData(65535, "FFFF")]
    public void SerialNumber_OfAnEpoch_CarriesIt(long epoch, string octets) => Assert.Equal(octets, Convert.ToHexString(SerialNumber.Create(epoch), 1, 2));

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    public void SerialNumber_OfAnEpochWithoutRoom_IsRefused(long epoch) => Assert.Throws<ArgumentOutOfRangeException>(() => SerialNumber.Create(epoch));

    private static async Task NothingWasIssuedAsync(TestAuthority authority)
    {
        Assert.Equal(0, await authority.AgentCertificatesAsync());
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
    }

    private static CertificateDraft Draft(Issuer issuer, ISigningKey key, string id = "spiffe://agents.test/agent/x")
    {
        var profile = ProfileCatalog.Defaults().Default;
        var now = issuer.Certificate.NotBefore.AddHours(1);
        return new CertificateDraft(
            SerialNumber.Create(1),
            issuer.Signature,
            X500Name.Create((X509.Oids.CommonName, "x")),
            key.PublicKey,
            now,
            now.AddHours(1),
            issuer.PlanFor(profile).For(key.PublicKey, [new GeneralName.Uri(id)], false),
            CertificatePosition.EndEntity,
            TimeSpan.FromDays(1));
    }

    private static Type? TypeOf(MemberInfo member) => member switch
    {
        FieldInfo field => field.FieldType,
        PropertyInfo property => property.PropertyType,
        MethodInfo method => method.ReturnType is { IsGenericType: true } generic ? generic.GetGenericArguments()[0] : method.ReturnType,
        _ => null,
    } is { } type && (type != typeof(ISigningKey) || !(member is MethodInfo { IsPrivate: true })) ? type : null;
}
