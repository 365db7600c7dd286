using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Decisions;

/// <summary>Attacks on an answer, and what it is made of, before a whole authority.</summary>
public sealed class DecisionServiceTests
{
    private const string Everything = "policies:\n- {id: everything, effect: permit, actions: ['**'], resources: ['**']}\n";

    [Fact]
    public async Task Decide_GoodAgentAndPolicy_PermitsAndWritesDown()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        var answered = await decider.DecideAsync(TestDecider.Call(certificate));

        Assert.True(answered.Decision.IsPermitted);
        var record = Assert.Single(await RecordsAsync(decider));
        Assert.Equal((answered.Id, true, certificate.SpiffeId!.ToString(), "crm/customers/42"), (record.Id, record.IsPermitted, record.Subject, record.Resource));
        Assert.Equal(Convert.ToHexStringLower(certificate.Fingerprint()), record.CertificateSha256);
        Assert.Equal(["permitted:everything"], record.Reasons);
    }

    [Fact]
    public async Task Decide_AfterTheRevocation_DeniesAtOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        var (other, _) = await authority.AgentAsync("b");
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        Assert.True((await decider.DecideAsync(TestDecider.Call(other))).Decision.IsPermitted);

        await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:test", "test", "c"), CancellationToken.None);
        var denied = await decider.DecideAsync(TestDecider.Call(certificate));
        AssertDenied(DecisionRule.Status, denied);
        Assert.Contains("revoked", denied.Decision.Reasons[0].Text, StringComparison.Ordinal);
        Assert.True((await decider.DecideAsync(TestDecider.Call(other))).Decision.IsPermitted);
    }

    [Fact]
    public async Task Decide_SuspendedAgent_IsDeniedUntilItIsActiveAgain()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        await authority.Services.Agents.SetStateAsync(certificate.SpiffeId!.ToString(), AgentPki.Agents.AgentState.Suspended, "admin:test", "c", CancellationToken.None);
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(TestDecider.Call(certificate)));
        await authority.Services.Agents.SetStateAsync(certificate.SpiffeId!.ToString(), AgentPki.Agents.AgentState.Active, "admin:test", "c", CancellationToken.None);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
    }

    [Fact]
    public async Task Decide_BelowASuspendedAgent_IsDeniedUntilThatIsActiveAgain()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (top, _) = await authority.AgentAsync("a");
        var (middle, _) = await authority.AgentAsync("b");
        var (leaf, _) = await authority.AgentAsync("c");
        var agents = authority.Services.Agents;
        await agents.SetParentAsync(middle.SpiffeId!.ToString(), top.SpiffeId!.ToString(), "admin:test", "c", CancellationToken.None);
        await agents.SetParentAsync(leaf.SpiffeId!.ToString(), middle.SpiffeId!.ToString(), "admin:test", "c", CancellationToken.None);
        Assert.True((await decider.DecideAsync(TestDecider.Call(leaf))).Decision.IsPermitted);
        await agents.SetStateAsync(top.SpiffeId!.ToString(), AgentState.Suspended, "admin:test", "c", CancellationToken.None);
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(TestDecider.Call(middle)));
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(TestDecider.Call(leaf)));
        await agents.SetStateAsync(top.SpiffeId!.ToString(), AgentState.Active, "admin:test", "c", CancellationToken.None);
        Assert.True((await decider.DecideAsync(TestDecider.Call(leaf))).Decision.IsPermitted);
    }

    [Fact]
    public async Task Decide_WithoutItsCertificateOrWithAnothers_IsDenied()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        var (other, _) = await authority.AgentAsync("b");
        var call = TestDecider.Call(certificate);
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(call with { Certificate = null }));
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(call with { Certificate = new NamedCertificate.Whole(other.Der) })); // a child's with its parent's name
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(call with { Certificate = new NamedCertificate.Thumbprint(other.Fingerprint()) }));
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(call with { Certificate = new NamedCertificate.Whole(Flipped(certificate)) }));
        Assert.True((await decider.DecideAsync(call with { Certificate = new NamedCertificate.Thumbprint(certificate.Fingerprint()) })).Decision.IsPermitted);
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(call with { SubjectId = other.SpiffeId!.ToString() }));
    }

    [Fact]
    public async Task Decide_AnyOctetOfTheCertificateChanged_IsDenied()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        await RegisterAsync(authority, new AgentPolicyParts { Scopes = ScopeSet.Of("read:crm/**") });
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.NotNull(certificate.FindExtension(AgentPolicyDer.DefaultOid));
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        for (var i = 0; i < certificate.Der.Length; i += 7)
        {
            var der = certificate.Der.ToArray();
            der[i] ^= 1;
            AssertDenied(DecisionRule.Status, await decider.DecideAsync(TestDecider.Call(certificate) with { Certificate = new NamedCertificate.Whole(der) }));
        }
    }

    [Fact]
    public async Task Decide_BudgetByManyAtOnce_GivesWhatThereIsAndNoMore()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        await RegisterAsync(authority, new AgentPolicyParts { Scopes = ScopeSet.Of("read:crm/**"), Budget = Budget.Of(new KeyValuePair<string, long>("actions", 10), new KeyValuePair<string, long>("usd", 100)) });
        var (certificate, _) = await authority.AgentAsync("a");
        var (another, _) = await authority.AgentAsync("a"); // of the same agent: what it uses up is the agent's
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
            await decider.DecideAsync(TestDecider.Call(i % 2 == 0 ? certificate : another) with { Spend = System.Collections.Immutable.ImmutableDictionary<string, long>.Empty.Add("usd", i % 4 == 0 ? 40 : 1) }))));
        var permitted = answers.Where(a => a.Decision.IsPermitted).ToList();
        Assert.InRange(permitted.Sum(a => a.Call.Spend["usd"]), 10, 100);
        Assert.Equal(10, permitted.Count);
        Assert.All(permitted, a => Assert.Equal(TimeSpan.Zero, a.Decision.Offline));
        Assert.All(answers.Except(permitted), a => AssertDenied(DecisionRule.Budget, a));
    }

    [Fact]
    public async Task Decide_ExpiredCertificate_IsDeniedByTheAppliancesClock()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        authority.Time.Turn(TimeSpan.FromDays(2));
        AssertDenied(DecisionRule.Status, await decider.DecideAsync(TestDecider.Call(certificate)));
    }

    [Fact]
    public async Task Decide_BrokenPolicyAtRunTime_TheOldStayAndSoDoesTheProblem()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        var before = decider.Decisions.Policies.Current?.Sha256;
        decider.Policies.Write("b.yaml", "policies:\n- {id: b, effect: perrmit, actions: [read], resources: [x]}\n"u8);
        await decider.Decisions.Policies.RefreshAsync(CancellationToken.None);

        Assert.Contains("b.yaml:2: policies[1].effect: 'perrmit' is unknown", decider.Decisions.Policies.Problem, StringComparison.Ordinal);
        Assert.Equal(before, decider.Decisions.Policies.Current?.Sha256);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);

        decider.Policies.IsBroken = true;
        await decider.Decisions.Policies.RefreshAsync(CancellationToken.None);
        Assert.Contains("the disk is gone", decider.Decisions.Policies.Problem, StringComparison.Ordinal);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);

        // What no reader foresaw, too: or nobody would look again.
        (decider.Policies.IsBroken, decider.Policies.Failure) = (false, new InvalidOperationException("nobody thought of this"));
        await decider.Decisions.Policies.RefreshAsync(CancellationToken.None);
        Assert.Contains("nobody thought of this", decider.Decisions.Policies.Problem, StringComparison.Ordinal);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        decider.Policies.Failure = null;

        decider.Policies.Write("b.yaml", "policies:\n- {id: b, effect: forbid, actions: [read], resources: ['crm/**']}\n"u8);
        await decider.Decisions.Policies.RefreshAsync(CancellationToken.None);
        Assert.Null(decider.Decisions.Policies.Problem);
        AssertDenied(DecisionRule.Forbidden, await decider.DecideAsync(TestDecider.Call(certificate)));
    }

    [Fact]
    public async Task Decide_PoliciesThatWereNeverReadable_DeniesEverythingAsUndecidable()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies: nonsense"));
        var (certificate, _) = await authority.AgentAsync("a");
        AssertDenied(DecisionRule.Undecidable, await decider.DecideAsync(TestDecider.Call(certificate)));
    }

    [Fact]
    public async Task Refresh_InProduction_WhatWasApprovedIsInForceWhateverLiesThere()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, wantsApproval: true, policies: ("a.yaml", "policies: []"));
        var (certificate, _) = await authority.AgentAsync("a");
        await authority.Services.ApprovedFiles.ApproveAsync(PolicyKeeper.ApprovedPrefix + "a.yaml", "policies: []"u8.ToArray(), "admin:test", "c", CancellationToken.None);
        decider.Policies.Write("a.yaml", System.Text.Encoding.UTF8.GetBytes(Everything));
        await decider.Decisions.Policies.RefreshAsync(CancellationToken.None);

        Assert.Contains("not what was approved", decider.Decisions.Policies.Problem, StringComparison.Ordinal);
        AssertDenied(DecisionRule.NoPermit, await decider.DecideAsync(TestDecider.Call(certificate)));
    }

    [Fact]
    public async Task Decide_LogThatTakesNothing_PermitsNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, configure: o => o with { Journal = o.Journal with { MaximumUnanchored = 2 }, AnchorInterval = TimeSpan.FromHours(1) }, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        AssertDenied(DecisionRule.Undecidable, await decider.DecideAsync(TestDecider.Call(certificate)));
        await decider.Decisions.AnchorAsync(CancellationToken.None);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
    }

    [Fact]
    public async Task Decide_RecordThatWouldNotBeReadAgain_IsDeniedAndNotWritten()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", Everything));
        var (certificate, _) = await authority.AgentAsync("a");
        AssertDenied(DecisionRule.Undecidable, await decider.DecideAsync(TestDecider.Call(certificate, resource: new string('<', 60_000))));
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
        Assert.Single(await RecordsAsync(decider));
    }

    [Fact]
    public async Task Decide_Behaviour_IsCountedAndForgotten()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies:\n- {id: calm, effect: permit, actions: [read], resources: ['**'], when: recent.denials_minute < 3}\n"));
        var (certificate, _) = await authority.AgentAsync("a");
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
            Assert.False((await decider.DecideAsync(TestDecider.Call(certificate, "write"))).Decision.IsPermitted);
        }

        AssertDenied(DecisionRule.NoPermit, await decider.DecideAsync(TestDecider.Call(certificate)));
        authority.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);
    }

    [Fact]
    public async Task Adjustments_ElevateAndNarrow_TakeHoldWithTheirCommitAndEndByThemselves()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies:\n- {id: r, effect: permit, actions: [read], resources: ['**']}\n"));
        var (certificate, _) = await authority.AgentAsync("a");
        var agent = certificate.SpiffeId!.ToString();
        var service = decider.Decisions.Adjustments;
        Assert.IsType<Authority.Problems.Outcome<Adjustment>.Refused>(await service.AddAsync(AdjustmentKind.Elevation, agent, ScopeSet.Of("write:**"), TimeSpan.FromDays(2), "too long", "admin:test", "c", CancellationToken.None));
        var elevated = Assert.IsType<Authority.Problems.Outcome<Adjustment>.Done>(await service.AddAsync(AdjustmentKind.Elevation, agent, ScopeSet.Of("write:**"), TimeSpan.FromMinutes(10), "incident", "admin:test", "c", CancellationToken.None));
        var permitted = await decider.DecideAsync(TestDecider.Call(certificate, "write"));
        Assert.Equal(elevated.Value.Id, Assert.Single(permitted.Decision.Reasons).Source);

        var narrowed = Assert.IsType<Authority.Problems.Outcome<Adjustment>.Done>(await service.AddAsync(AdjustmentKind.Narrowing, agent, ScopeSet.Of("read:hr/**"), TimeSpan.FromMinutes(5), "odd", "admin:test", "c", CancellationToken.None));
        AssertDenied(DecisionRule.Narrowed, await decider.DecideAsync(TestDecider.Call(certificate)));
        await service.EndAsync(narrowed.Value.Id, "admin:test", "c", CancellationToken.None);
        Assert.True((await decider.DecideAsync(TestDecider.Call(certificate))).Decision.IsPermitted);

        authority.Time.Advance(TimeSpan.FromMinutes(10));
        AssertDenied(DecisionRule.NoPermit, await decider.DecideAsync(TestDecider.Call(certificate, "write")));
    }

    [Fact]
    public async Task Spend_BeyondTheLimit_ConflictsAndTakesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a");
        var agent = certificate.SpiffeId!.ToString();
        Assert.IsType<CommitOutcome.Committed>(await SpendAsync(("usd-cents", 60, 100), ("actions", 1, 2)));
        Assert.IsType<CommitOutcome.Conflict>(await SpendAsync(("actions", 1, 2), ("usd-cents", 60, 100)));
        Assert.IsType<CommitOutcome.Committed>(await SpendAsync(("usd-cents", 40, 100), ("actions", 1, 2)));
        Assert.IsType<CommitOutcome.Conflict>(await SpendAsync(("actions", 1, 2)));

        ValueTask<CommitOutcome> SpendAsync(params (string Unit, long Amount, long Limit)[] amounts) =>
            authority.Services.Commits.CommitAsync(new CommitRequest(null, [new StoreChange.Spend(agent, [.. amounts.Select(a => new Spending(a.Unit, a.Amount, a.Limit))])]), CancellationToken.None);
    }

    internal static async Task<List<JournalRecord>> RecordsAsync(TestDecider decider)
    {
        var found = new List<JournalRecord>();
        foreach (var (_, path) in JournalSegments.List(decider.Journal.FullName))
        {
            await foreach (var (line, _) in JournalSegments.ReadAsync(path, CancellationToken.None))
            {
                if (JournalRecord.TryParse(line, out var record))
                {
                    found.Add(record);
                }
            }
        }

        return found;
    }

    private static async Task RegisterAsync(TestAuthority authority, AgentPolicyParts policy)
    {
        var agent = new AgentRecord($"spiffe://{TestAuthority.TrustDomain}/agent/a", "team-a", "", AgentState.Active, authority.Time.GetUtcNow());
        var put = new AgentPut(agent with { Registration = agent.Registration with { Policy = AgentPolicy.Create(policy).Encode() } }, null);
        Assert.IsType<CommitOutcome.Committed>(await authority.Services.Commits.CommitAsync(new CommitRequest(null, [new StoreChange.PutAgents([put])]), CancellationToken.None));
    }

    private static void AssertDenied(DecisionRule rule, AnsweredCall answered)
    {
        Assert.False(answered.Decision.IsPermitted);
        Assert.Equal(rule, answered.Decision.Reasons[0].Rule);
    }

    private static byte[] Flipped(Certificate certificate)
    {
        var der = certificate.Der.ToArray();
        der[^1] ^= 1;
        return der;
    }
}
