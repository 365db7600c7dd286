using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Client.Delegation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>Children as an authority makes them, verified by whoever knows its root and its ledger's key.</summary>
public sealed class GrantedTests : IAsyncLifetime
{
    private const string Wide = """{"scopes":["tool.*:crm/**","db.read:**"],"not_after":"2027-06-01T00:00:00Z","delegation_depth":2,"budget":{"usd":100}}""";
    private const string Middle = """{"scopes":["tool.invoke:crm/**"],"not_after":"2027-05-01T00:00:00Z","delegation_depth":1,"maximum_lifetime":600,"budget":{"usd":60}}""";
    private const string Narrow = """{"scopes":["tool.invoke:crm/customers/*"],"not_after":"2027-05-01T00:00:00Z","maximum_lifetime":300,"budget":{"usd":5}}""";

    private TestAuthority _authority = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _authority = await TestAuthority.StartAsync();

    public ValueTask DisposeAsync() => _authority.DisposeAsync();

    [Fact]
    public async Task Grant_ThreeGenerations_VerifyOffline()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        var leaf = await ChildAsync(worker, "/agent/boss/worker/temp", Narrow);

        var bundle = Done(await _authority.Services.GrantBundles.OfAsync(leaf.Certificate, Cancel));
        var valid = Assert.IsType<DelegationResult.Valid>((await VerifierAsync()).Verify(leaf.Certificate, bundle));
        Assert.Equal(AgentPolicyJson.Parse(Narrow).Scopes, valid.Policy.Scopes);
        Assert.Equal(2, valid.Ancestors.Count);
        Assert.All(valid.Ancestors, a => Assert.True(a.LedgerIndex > 0));
        // No certificate lives longer than its policy says.
        Assert.Equal(TimeSpan.FromSeconds(300), leaf.Certificate.NotAfter - _authority.Time.GetUtcNow());
        Assert.Equal(worker.Id, (await _authority.Services.Agents.FindAsync(leaf.Id, Cancel))!.Parent);

        // With the ledger's word and another grant's proof.
        var swapped = bundle with { Links = bundle.Links.SetItem(0, bundle.Links[0] with { Proof = bundle.Links[1].Proof }) };
        Assert.Contains("something else", Assert.IsType<DelegationResult.Invalid>((await VerifierAsync()).Verify(leaf.Certificate, swapped)).Reason, StringComparison.Ordinal);
        var without = bundle with { Links = bundle.Links.SetItem(1, bundle.Links[1] with { Proof = null }) };
        Assert.Contains("no proof", Assert.IsType<DelegationResult.Invalid>((await VerifierAsync()).Verify(leaf.Certificate, without)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renew_NarrowedSince_CarriesTheNarrowerPolicy()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        await RegisterAsync(worker.Id, AgentPolicyJson.Parse(Narrow).ChildOf(worker.Policy.Parent));
        _authority.Time.Advance(TimeSpan.FromMinutes(9));
        var renewed = await RenewAsync(worker);
        Assert.Equal(AgentPolicyJson.Parse(Narrow).Scopes, PolicyOf(renewed)!.Scopes);
        Assert.IsType<DelegationResult.Valid>((await VerifierAsync()).Verify(renewed, Done(await _authority.Services.GrantBundles.OfAsync(renewed, Cancel))));
    }

    [Fact]
    public async Task Enroll_NarrowedWhileTheTokenSigns_IsWithheld()
    {
        var boss = await BossAsync();
        _authority.Keys.BeforeSign = async _ =>
        {
            _authority.Keys.BeforeSign = null;
            await RegisterAsync(boss.Id, AgentPolicyJson.Parse(Narrow));
        };
        var refused = Assert.IsType<EnrollmentOutcome.Rejected>(await EnrollAsync(boss, boss.Key, boss.Id, EnrollmentKind.Renew));
        Assert.Contains("changed at the same moment", refused.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enroll_ChildASecondTimeOrWithAnotherKey_IsRefused()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        await using var key = await TestAuthority.KeyAsync();
        Refused("renews it itself", await EnrollAsync(boss, key, worker.Id));

        await using var named = await TestAuthority.KeyAsync();
        Done(await GrantAsync(boss, "/agent/boss/worker", Middle, thumbprint: System.Buffers.Text.Base64Url.DecodeFromChars(Jwk.Of(named.PublicKey).Thumbprint())));
        Refused("names another key", await EnrollAsync(boss, key, worker.Id));
        Assert.IsType<EnrollmentOutcome.Issued>(await EnrollAsync(boss, named, worker.Id));
    }

    [Fact]
    public async Task Enroll_WithoutAGrant_IsRefused()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        await using var key = await TestAuthority.KeyAsync();
        Refused("by grants alone", await EnrollAsync(boss, key, $"spiffe://{TestAuthority.TrustDomain}/agent/boss/other"));
        // Not the grandparent's to enrol, nor a sibling's.
        Done(await GrantAsync(worker, "/agent/boss/worker/temp", Narrow));
        Refused("exists already", await EnrollAsync(boss, key, $"spiffe://{TestAuthority.TrustDomain}/agent/boss/worker/temp"));
    }

    [Theory]
    [InlineData("""{"scopes":["tool.invoke:hr/**"],"not_after":"2027-05-01T00:00:00Z"}""", "scope tool.invoke:hr/** is not within")]
    [InlineData("""{"scopes":[],"not_after":"2027-07-01T00:00:00Z","budget":{"usd":1}}""", "it ends after")]
    [InlineData("""{"scopes":[],"not_after":"2027-05-01T00:00:00Z","delegation_depth":2,"budget":{"usd":1}}""", "a child has less")]
    [InlineData("""{"scopes":[],"not_after":"2027-05-01T00:00:00Z"}""", "its budget of usd")]
    [InlineData("""{"scopes":[],"not_after":"2027-05-01T00:00:00Z","budget":{"usd":101}}""", "its budget of usd")]
    [InlineData("""{"scopes":[],"not_after":"2027-02-01T00:00:00Z","budget":{"usd":1}}""", "ended already")]
    public async Task Grant_NotLess_IsRefused(string policy, string says)
    {
        var boss = await BossAsync();
        Refused(PkiProblemKind.PolicyViolation, says, await GrantAsync(boss, "/agent/boss/worker", policy));
        Assert.Null(await _authority.Services.Agents.FindAsync($"spiffe://{TestAuthority.TrustDomain}/agent/boss/worker", Cancel));
    }

    [Fact]
    public async Task Grant_ChildrenTogetherBeyondTheBudget_IsRefused()
    {
        var boss = await BossAsync();
        Done(await GrantAsync(boss, "/agent/boss/one", Middle));
        Refused(PkiProblemKind.PolicyViolation, "of 100 usd your other children have 60", await GrantAsync(boss, "/agent/boss/two", Middle));
        Done(await GrantAsync(boss, "/agent/boss/two", Narrow));
        Done(await GrantAsync(boss, "/agent/boss/one", Middle)); // anew: its own share is not counted twice
    }

    [Fact]
    public async Task Grant_NameThatIsNotItsToGive_IsRefused()
    {
        var boss = await BossAsync();
        var (other, key) = await _authority.AgentAsync("other");
        await key.DisposeAsync();
        Refused(PkiProblemKind.Unauthorized, "beneath yours", await GrantAsync(boss, "/agent/bossy", Narrow));
        Refused(PkiProblemKind.Unauthorized, "not your child", await GrantAsync(boss, other.SpiffeId!.Path, Narrow));
        Assert.True(ChildRule.TryCreate(["/agent/pool-*"], 1, out var rule, out _));
        await RegisterAsync(boss.Id, boss.Policy, rule);
        Refused(PkiProblemKind.Unauthorized, "/agent/pool-* only", await GrantAsync(boss, "/agent/boss/worker", Narrow));
        Done(await GrantAsync(boss, "/agent/pool-1", Narrow));
        Refused(PkiProblemKind.Conflict, "how many", await GrantAsync(boss, "/agent/pool-2", Narrow));
    }

    [Fact]
    public async Task Grant_BySomebodyElseOrTwiceOrLate_IsRefused()
    {
        var boss = await BossAsync();
        var stranger = await BossAsync("stranger");
        var grant = await SignAsync(boss, "/agent/boss/worker", Narrow);
        Refused(PkiProblemKind.BadProofOfPossession, "of another", await _authority.Services.Delegations.GrantAsync(grant.Text, stranger.Certificate, "c", Cancel));
        Done(await _authority.Services.Delegations.GrantAsync(grant.Text, boss.Certificate, "c", Cancel));
        Refused(PkiProblemKind.Conflict, "before", await _authority.Services.Delegations.GrantAsync(grant.Text, boss.Certificate, "c", Cancel));
        var late = await SignAsync(boss, "/agent/boss/late", Narrow);
        _authority.Time.Advance(TimeSpan.FromMinutes(6));
        Refused(PkiProblemKind.PolicyViolation, "sign it when it is sent", await _authority.Services.Delegations.GrantAsync(late.Text, boss.Certificate, "c", Cancel));
        Refused(PkiProblemKind.MalformedRequest, "typ", await _authority.Services.Delegations.GrantAsync(await CompactJws.SignAsync(boss.Key, "JWT", boss.Certificate.Fingerprint(), "{}"u8.ToArray(), Cancel), boss.Certificate, "c", Cancel));
    }

    [Fact]
    public async Task Grant_ByARevokedAgent_IsRefused_AndItsChildrenWithIt()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        Done(await _authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.Agent(boss.Id, WithDescendants: true), RevocationReason.KeyCompromise, "admin:test", "test", "c"), Cancel));
        Refused(PkiProblemKind.Unauthorized, "revoked", await GrantAsync(boss, "/agent/boss/two", Narrow));
        Refused(PkiProblemKind.Unauthorized, "revoked", await GrantAsync(worker, "/agent/boss/worker/temp", Narrow));
        Refused("revoked", await EnrollAsync(worker, worker.Key, worker.Id, EnrollmentKind.Renew));
    }

    [Fact]
    public async Task Grant_AnewAndLessThanAGrandchildHas_IsRefused()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        await ChildAsync(worker, "/agent/boss/worker/temp", Narrow);
        Refused(PkiProblemKind.PolicyViolation, "limited or retired first", await GrantAsync(boss, "/agent/boss/worker", """{"scopes":[],"not_after":"2027-05-01T00:00:00Z","delegation_depth":1,"maximum_lifetime":600,"budget":{"usd":60}}"""));
    }

    [Fact]
    public async Task Grant_AnewOfALimitedChild_IsWithinTheLimit_UntilThatIsLifted()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        var registrar = new Registrar(AdminCaller.Of("otto", [AdminRole.RaAdministrator], [], new AdminCredential(new string('0', 64), "issuing", "01")), true, "admin:otto", "c");
        Done(await _authority.Services.Limits.LimitAsync(worker.Id, "limits.yaml", "scopes: [\"tool.invoke:crm/orders/*\"]", registrar, Cancel));
        var again = await ChildAsync(boss, "/agent/boss/worker", Middle);
        Assert.Equal("tool.invoke:crm/orders/*", again.Policy.Scopes.ToString());
        Assert.NotEqual(worker.Policy.Parent, again.Policy.Parent);
        var bundle = Done(await _authority.Services.GrantBundles.OfAsync(again.Certificate, Cancel));
        Assert.IsType<DelegationResult.Valid>((await VerifierAsync()).Verify(again.Certificate, bundle));

        Done(await _authority.Services.Limits.LiftAsync(worker.Id, registrar, Cancel));
        Assert.Equal("tool.invoke:crm/**", (await ChildAsync(boss, "/agent/boss/worker", Middle)).Policy.Scopes.ToString());
    }

    [Fact]
    public async Task SetParent_OfAGrantedChild_IsRefused()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        Refused(PkiProblemKind.Conflict, "by its grant", await _authority.Services.Agents.SetParentAsync(worker.Id, null, "admin:test", "c", Cancel));
    }

    [Fact]
    public async Task Bundle_OfACertificateFromBeforeAnotherGrant_IsThatOfItsOwn()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        Done(await GrantAsync(boss, "/agent/boss/worker", Middle));
        var bundle = Done(await _authority.Services.GrantBundles.OfAsync(worker.Certificate, Cancel));
        Assert.IsType<DelegationResult.Valid>((await VerifierAsync()).Verify(worker.Certificate, bundle));
    }

    [Fact]
    public async Task Bundle_OfAnAgentThatIsNobodysChild_HasItsCas()
    {
        var boss = await BossAsync();
        var bundle = Done(await _authority.Services.GrantBundles.OfAsync(boss.Certificate, Cancel));
        Assert.Empty(bundle.Links);
        Assert.Empty(Assert.IsType<DelegationResult.Valid>(new DelegationVerifier([_authority.Ceremony.Root], _authority.Providers, _authority.Time).Verify(boss.Certificate, bundle)).Ancestors);
    }

    [Fact]
    public async Task Grant_ByAnAgentWhoseGrandparentWasNarrowed_IsHeldAgainstThatToo()
    {
        var boss = await BossAsync();
        var worker = await ChildAsync(boss, "/agent/boss/worker", Middle);
        await RegisterAsync(boss.Id, AgentPolicyJson.Parse(Narrow));
        Refused(PkiProblemKind.PolicyViolation, "of one above you", await GrantAsync(worker, "/agent/boss/worker/temp", """{"scopes":["tool.invoke:crm/orders/*"],"not_after":"2027-05-01T00:00:00Z","maximum_lifetime":300,"budget":{"usd":5}}"""));
    }

    [Fact]
    public async Task Grant_MoreThanItsShareOfAnHour_IsRefused()
    {
        await _authority.RestartAsync(TestAuthority.DefaultOptions with { GrantsPerHour = 2 });
        var boss = await BossAsync();
        Done(await GrantAsync(boss, "/agent/boss/one", Narrow));
        Done(await GrantAsync(boss, "/agent/boss/one", Narrow));
        Refused(PkiProblemKind.RateLimited, "2 times an hour", await GrantAsync(boss, "/agent/boss/one", Narrow));
        _authority.Time.Advance(TimeSpan.FromHours(1.1));
        var renewed = boss with { Certificate = await RenewAsync(boss) };
        Done(await GrantAsync(renewed, "/agent/boss/one", Narrow));
    }

    [Fact]
    public async Task Grant_WithoutAPolicyInTheCertificate_IsRefused()
    {
        var (certificate, key) = await _authority.AgentAsync("plain");
        var plain = new Holder(certificate.SpiffeId!.ToString(), key, certificate, AgentPolicy.Nothing);
        Refused(PkiProblemKind.PolicyViolation, "carries no agent policy", await GrantAsync(plain, "/agent/plain/child", Narrow));
    }

    private sealed record Holder(string Id, ISigningKey Key, Certificate Certificate, AgentPolicy Policy);

    [Fact]
    public async Task Grants_GivenAndRefused_AreWhatTheParentIsWatchedBy()
    {
        await _authority.DisposeAsync();
        _authority = await TestAuthority.StartAsync(surroundings: e => e with { WatchRules = new RulesFolder(isGoverned: false, "detectors: {fanOut: {bound: 2}, refusals: {bound: 3}}") });
        var boss = await BossAsync();
        await ChildAsync(boss, "/agent/boss/one", Narrow);
        await ChildAsync(boss, "/agent/boss/two", Narrow);
        for (var i = 0; i < 3; i++)
        {
            Refused(PkiProblemKind.PolicyViolation, "", await GrantAsync(boss, "/agent/boss/three", Middle.Replace("tool.invoke", "tool.**", StringComparison.Ordinal)));
        }

        Assert.Equal([(boss.Id, "fanOut"), (boss.Id, "refusals")], await FoundAsync(2));
    }

    /// <summary>The watch works beside everything else: waits for its findings.</summary>
    private async Task<IReadOnlyList<(string Agent, string Detector)>> FoundAsync(int count)
    {
        while (true)
        {
            var found = new List<(string Agent, string Detector)>();
            await foreach (var record in ((ILedgerStore)_authority.Store).ReadAsync(0, Cancel))
            {
                if (record is { Leaf.Kind: LedgerEntryKind.BehaviourFound, Details: { } details })
                {
                    found.Add((details.Facts["agent"], details.Facts["detector"]));
                }
            }

            if (found.Count >= count)
            {
                return found;
            }

            await Task.Delay(5, Cancel);
        }
    }

    private async Task<Holder> BossAsync(string name = "boss")
    {
        var id = $"spiffe://{TestAuthority.TrustDomain}/agent/{name}";
        await RegisterAsync(id, AgentPolicyJson.Parse(Wide));
        var (certificate, key) = await _authority.AgentAsync(name);
        Assert.Equal(id, certificate.SpiffeId!.ToString());
        return new Holder(id, key, certificate, PolicyOf(certificate)!);
    }

    private async Task<Holder> ChildAsync(Holder parent, string path, string policy)
    {
        Done(await GrantAsync(parent, path, policy));
        var (id, key) = ($"spiffe://{TestAuthority.TrustDomain}{path}", await TestAuthority.KeyAsync());
        var certificate = Assert.IsType<EnrollmentOutcome.Issued>(await EnrollAsync(parent, key, id)).Certificate;
        return new Holder(id, key, certificate, PolicyOf(certificate)!);
    }

    private async Task<Outcome<Delegated>> GrantAsync(Holder parent, string path, string policy, byte[]? thumbprint = null) =>
        await _authority.Services.Delegations.GrantAsync((await SignAsync(parent, path, policy, thumbprint)).Text, parent.Certificate, "c", Cancel);

    private async Task<SignedGrant> SignAsync(Holder parent, string path, string policy, byte[]? thumbprint = null)
    {
        Assert.True(GrantStatement.TryCreate(
            SpiffeId.Parse(parent.Id), SpiffeId.Parse($"spiffe://{TestAuthority.TrustDomain}{path}"), _authority.Time.GetUtcNow(), RandomNumberGenerator.GetBytes(16), AgentPolicyJson.Parse(policy), parent.Policy.Parent?.Grant,
            thumbprint is null ? null : (ReadOnlyMemory<byte>?)thumbprint, out var statement, out var error), error);
        return await SignedGrant.SignAsync(statement, parent.Key, parent.Certificate, Cancel);
    }

    private async Task<EnrollmentOutcome> EnrollAsync(Holder by, ISigningKey key, string id, EnrollmentKind kind = EnrollmentKind.Enroll) => await _authority.EnrollAsync(
        await TestAuthority.RequestAsync(key, id.Split('/')[^1], kind == EnrollmentKind.Renew ? by.Certificate.SubjectAlternativeNames : [new GeneralName.Uri(id)]), new Requester.AgentCertificate(by.Certificate), kind: kind);

    private async Task<Certificate> RenewAsync(Holder holder) => Assert.IsType<EnrollmentOutcome.Issued>(await EnrollAsync(holder, holder.Key, holder.Id, EnrollmentKind.Renew)).Certificate;

    private async Task RegisterAsync(string id, AgentPolicy policy, ChildRule? children = null)
    {
        var known = await _authority.Services.Agents.FindAsync(id, Cancel);
        var agent = known ?? new AgentRecord(id, "team-a", "", AgentState.Active, _authority.Time.GetUtcNow());
        var put = new AgentPut(agent with { Registration = agent.Registration with { Policy = policy.Encode(), Children = children } }, known?.Registration.Revision);
        Assert.IsType<CommitOutcome.Committed>(await _authority.Services.Commits.CommitAsync(new CommitRequest(null, [new StoreChange.PutAgents([put])]), Cancel));
    }

    private async Task<DelegationVerifier> VerifierAsync()
    {
        ILedgerStore ledger = _authority.Store;
        var origin = (await ledger.LatestCheckpointAsync(Cancel))!.Checkpoint.Origin;
        return new DelegationVerifier([_authority.Ceremony.Root], _authority.Providers, _authority.Time, new InclusionVerifier(_authority.Ceremony.CheckpointKey, origin, _authority.Providers));
    }

    private static AgentPolicy? PolicyOf(Certificate certificate) => certificate.FindExtension(AgentPolicyDer.DefaultOid) is { } extension ? AgentPolicyDer.Parse(extension.Value) : null;

    private static T Done<T>(Outcome<T> outcome) => outcome is Outcome<T>.Done(var value) ? value : throw new InvalidOperationException(((Outcome<T>.Refused)outcome).Problem.Detail);

    private static void Refused<T>(PkiProblemKind kind, string says, Outcome<T> outcome)
    {
        var problem = Assert.IsType<Outcome<T>.Refused>(outcome).Problem;
        Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
        Assert.Equal(kind, problem.Kind);
    }

    private static void Refused(string says, EnrollmentOutcome outcome) => Assert.Contains(says, Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem.Detail, StringComparison.Ordinal);
}
