using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Client.Delegation;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>
/// Random families through a whole authority: agents are registered, grant, enrol, renew, are limited, held, released, revoked, and time passes. Whatever is granted or issued is judged by
/// <see cref="FamilyJudge"/>, and by the verifier that strangers use.
/// </summary>
internal sealed partial class FamilyRun(TestAuthority authority, TestDecider decider, FamilyWorld liar, DelegationVerifier strict, int seed)
{
    private static readonly AdminCaller Operator = AdminCaller.Of("otto", [AdminRole.RaAdministrator], [], new AdminCredential(new string('0', 64), "issuing", "01"));
    private static readonly string[] Expected = ["your other children have", "limited or retired first", "has ended already", "that a certificate can say", "suspended or retired"];

    private readonly FamilyDraw _draw = new(seed);
    private readonly List<Relative> _all = [];
    private int _step;
    private int _names;

    /// <summary>How often what happened: so that a run in which nothing does is seen.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>An agent of a family, as whoever only reads texts knows it.</summary>
    private sealed class Relative(string path, Relative? parent)
    {
        public string Path { get; } = path;

        public string Id { get; } = $"spiffe://{TestAuthority.TrustDomain}{path}";

        public Relative? Parent { get; } = parent;

        public List<Relative> Children { get; } = [];

        /// <summary>What was registered or granted, and limits that were lifted since.</summary>
        public List<string> Own { get; set; } = [];

        public List<string> Limits { get; } = [];

        public byte[]? Grant { get; set; }

        public ISigningKey? Key { get; set; }

        public Certificate? Certificate { get; set; }

        public bool IsHeld { get; set; }

        public bool IsRevoked { get; set; }

        public IEnumerable<Relative> Tree => Children.SelectMany(c => c.Tree).Prepend(this);

        /// <summary>Everything that bounds it, with how far above it that stands.</summary>
        public IEnumerable<(string Text, int Generations)> Bounds => Own.Concat(Limits).Select(t => (t, 0)).Concat(Parent?.Bounds.Select(b => (b.Text, b.Generations + 1)) ?? []);

        public bool IsAble(DateTimeOffset now) => Certificate is not null && Certificate.NotAfter > now.AddMinutes(1) && !IsHeld && !IsRevoked;
    }

    private DateTimeOffset Now => authority.Time.GetUtcNow();

    public async Task RunAsync(int steps)
    {
        try
        {
            for (_step = 0; _step < steps; _step++)
            {
                await StepAsync();
            }
        }
        catch (Exception failed)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, step {_step}: {failed.Message}"), failed);
        }
    }

    private async Task StepAsync()
    {
        var able = _all.Where(r => r.IsAble(Now)).ToList();
        if (able.Count == 0 || (_draw.Maybe(20) && able.Count(r => r.Parent is null) < 3))
        {
            await RootAsync();
            return;
        }

        switch (_draw.Below(28))
        {
            case < 9:
                await GrantAsync(_draw.Of(able));
                break;
            case < 13:
                await RenewAsync(_draw.Of([.. _all.Where(r => r.Certificate is not null)]));
                break;
            case < 16:
                await LimitAsync(_draw.Of(_all));
                break;
            case < 17:
                await LiftAsync();
                break;
            case < 18:
                await ApplyAsync(_draw.Of([.. _all.Where(r => r.Parent is null)]));
                break;
            case < 20:
                await HoldOrReleaseAsync();
                break;
            case < 21 when _draw.Maybe(4):
                await RevokeAsync(_draw.Of(able));
                break;
            case < 22:
                var by = TimeSpan.FromMinutes(_draw.Below(9));
                authority.Time.Advance(by);
                liar.Clock.Advance(by);
                break;
            default:
                // Of children, if there are any: above them there is something to lie about.
                await LieAsync(_draw.Of(able.Exists(r => r.Parent is not null) ? able.FindAll(r => r.Parent is not null) : able));
                break;
        }
    }

    private async Task RootAsync()
    {
        var root = new Relative($"/agent/r{_names++}", null);
        var policy = _draw.Root(Now).ToJson();
        Done(await authority.Services.Registry.ApplyAsync("root.yaml", $"agent: {root.Id}\nowner: team-a\ntier: low\nenvironment: prod\npolicy: {policy.ReplaceLineEndings(" ")}\n", Registrar(), default));
        root.Own = [policy];
        _all.Add(root);
        var issued = await authority.AgentAsync(root.Path[(root.Path.LastIndexOf('/') + 1)..]);
        root.Key = issued.Key;
        await CheckAsync(root, issued.Certificate);
    }

    private async Task GrantAsync(Relative parent)
    {
        var child = parent.Children.Count > 0 && (_draw.Maybe(3) || parent.Children.Count > 3) ? _draw.Of(parent.Children) : new Relative($"{parent.Path}/c{_names++}", parent);
        var certified = PolicyOf(parent.Certificate!);
        var view = parent.Bounds.Aggregate((AgentPolicy?)certified, (policy, bound) => Meet(policy, AgentPolicyJson.Parse(bound.Text).Beneath(bound.Generations)));
        var policy = _draw.Narrower(view ?? certified, Now);
        var widened = view is not null && _draw.Maybe(2) ? _draw.Widen(ref policy, view, isDelegated: true) : null;
        var text = policy.ToJson();
        var isLess = FamilyJudge.MayDelegate(text, certified.ToJson(), 0) && parent.Bounds.All(b => FamilyJudge.MayDelegate(text, b.Text, b.Generations));
        Assert.False(widened is not null && isLess, $"the draw did not widen {widened}");

        var grant = await SignAsync(parent, child.Id, policy);
        switch (await authority.Services.Delegations.GrantAsync(grant.Text, parent.Certificate!, "c", default))
        {
            case Outcome<Delegated>.Done:
                Assert.True(isLess, $"granted although it is not less ({widened}): {text}");
                (child.Own, child.Grant) = ([text], grant.Digest());
                if (child.Key is null)
                {
                    parent.Children.Add(child);
                    _all.Add(child);
                }

                Count("granted");
                Together(parent);
                await EnrolAsync(parent, child);
                break;
            case Outcome<Delegated>.Refused(var problem):
                Assert.True(!isLess || Expected.Any(e => problem.Detail.Contains(e, StringComparison.Ordinal)), $"refused although it is less: {problem.Detail}: {text}");
                Count(widened is null ? "not granted" : $"not granted: {widened}");
                break;
        }
    }

    private async Task EnrolAsync(Relative parent, Relative child)
    {
        var key = await TestAuthority.KeyAsync();
        if (await EnrollAsync(parent, key, child.Id) is EnrollmentOutcome.Issued issued)
        {
            child.Key = key;
            await CheckAsync(child, issued.Certificate);
            return;
        }

        child.Key ??= key;
        Count("not enrolled");
    }

    private async Task RenewAsync(Relative relative)
    {
        var outcome = await EnrollAsync(relative, relative.Key!, relative.Id, EnrollmentKind.Renew);
        if (outcome is EnrollmentOutcome.Issued issued)
        {
            Assert.True(relative.IsAble(Now.AddMinutes(-2)), "renewed although it was held or revoked");
            await CheckAsync(relative, issued.Certificate);
            return;
        }

        Count("not renewed");
    }

    private async Task LimitAsync(Relative relative)
    {
        var before = (await authority.Services.Agents.FindAsync(relative.Id, default))!.Registration.ReadPolicy()!;
        var limit = _draw.Limit(before, Now);
        var isLess = FamilyJudge.IsWithin(FamilyJudge.Limited(before.ToJson(), limit), before.ToJson(), 0);
        var asked = await AskAsync();
        switch (await authority.Services.Limits.LimitAsync(relative.Id, "limits.yaml", limit, Registrar(), default))
        {
            case Outcome<LimitPlan>.Done(var plan):
                Assert.True(isLess, $"limited to more than it had: {limit}");
                Assert.Equal(relative.Tree.Count() - 1, plan.Below);
                relative.Limits.Add(FamilyJudge.AsBound(limit));
                Count("limited");
                await NoneMoreAsync(asked, "limited");
                Together(relative);
                break;
            case Outcome<LimitPlan>.Refused(var problem):
                Assert.True(!isLess || !problem.Detail.Contains("only takes away", StringComparison.Ordinal), $"{problem.Detail}: {limit}");
                Count("not limited");
                break;
        }
    }

    private async Task LiftAsync()
    {
        if (_all.Where(r => r.Limits.Count > 0).ToList() is { Count: > 0 } limited)
        {
            var relative = _draw.Of(limited);
            Done(await authority.Services.Limits.LiftAsync(relative.Id, Registrar() with { IsSeconded = true }, default));
            // It stays as narrow as it is until it is given more.
            relative.Own.AddRange(relative.Limits);
            relative.Limits.Clear();
            Count("lifted");
        }
    }

    private async Task ApplyAsync(Relative root)
    {
        var policy = (_draw.Maybe(2) ? _draw.Root(Now) : _draw.Narrower(AgentPolicyJson.Parse(root.Own[0]), Now)).ToJson();
        if (await authority.Services.Registry.ApplyAsync("root.yaml", $"agent: {root.Id}\nowner: team-a\ntier: low\nenvironment: prod\npolicy: {policy.ReplaceLineEndings(" ")}\n", Registrar(), default) is Outcome<AgentPlan>.Done)
        {
            Assert.All(root.Limits, limit => Assert.True(FamilyJudge.IsWithin(policy, limit, 0), "registered beyond its limit"));
            root.Own = [policy];
            Count("applied");
        }
    }

    private async Task HoldOrReleaseAsync()
    {
        var relative = _draw.Of(_all);
        if (relative.IsHeld)
        {
            if (relative.Parent is not { IsHeld: true } && await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(new RevocationTarget.Agent(relative.Id, AgentState.Active, WithDescendants: true), "admin:test", "test", "c"), default) is Outcome<RevocationResult>.Done)
            {
                relative.Tree.ToList().ForEach(r => r.IsHeld = false);
                Count("released");
            }
        }
        else if (!relative.Tree.Any(r => r.IsHeld || r.IsRevoked) && await TakeAsync(relative, RevocationReason.CertificateHold))
        {
            relative.Tree.ToList().ForEach(r => r.IsHeld = true);
            Count("held");
        }
    }

    private async Task RevokeAsync(Relative relative)
    {
        if (await TakeAsync(relative, RevocationReason.Superseded))
        {
            relative.Tree.ToList().ForEach(r => r.IsRevoked = true);
            Count("revoked");
        }
    }

    private async Task<bool> TakeAsync(Relative relative, RevocationReason reason)
    {
        var asked = await AskAsync();
        var request = new RevocationRequest(new RevocationTarget.Agent(relative.Id, WithDescendants: true), reason, "admin:test", "test", "c");
        var isTaken = await authority.Services.Revocations.RevokeAsync(request, default) is Outcome<RevocationResult>.Done;
        await NoneMoreAsync(asked, "taken");
        return isTaken;
    }

    // Whatever was issued, now: within everything that bounds the agent, no longer than it says, and the offline verifier finds the same.
    private async Task CheckAsync(Relative relative, Certificate certificate)
    {
        var policy = PolicyOf(certificate);
        var text = policy.ToJson();
        foreach (var (bound, generations) in relative.Bounds)
        {
            Assert.True(FamilyJudge.IsWithin(text, bound, generations), $"{relative.Id} got {text}, which is not within {bound} of {generations} above");
        }

        Assert.Equal(relative.Parent?.Id, policy.Parent?.Agent.ToString());
        Assert.True(relative.Grant is null ? policy.Parent is null : policy.Parent!.Grant.Span.SequenceEqual(relative.Grant), "it names another grant");
        Assert.True(certificate.NotAfter <= (policy.NotAfter ?? DateTimeOffset.MaxValue), "it ends after its policy");
        Assert.True(certificate.NotAfter - Now <= (policy.MaximumLifetime ?? TimeSpan.MaxValue), "it lives longer than its policy lets it");
        if (relative.Certificate is { } old && old.NotAfter > Now && _draw.Maybe(3))
        {
            await VerifyAsync(old);
        }

        Assert.Equal(relative.Path.Count(c => c == '/') - 2, (await VerifyAsync(certificate)).Ancestors.Count);
        relative.Certificate = certificate;
        Count("issued");
    }

    private async Task<DelegationResult.Valid> VerifyAsync(Certificate certificate)
    {
        var result = strict.Verify(certificate, Done(await authority.Services.GrantBundles.OfAsync(certificate, default)));
        return result as DelegationResult.Valid ?? throw new InvalidOperationException($"issued, and not verified: {((DelegationResult.Invalid)result).Reason}");
    }

    // Children together have no more of a budget than their parent.
    private static void Together(Relative parent)
    {
        foreach (var unit in new[] { "usd", "calls" })
        {
            var given = parent.Children.Where(c => c.Own.Count > 0).Sum(c => FamilyJudge.Budget(c.Own.Concat(c.Limits), unit) ?? 0);
            Assert.True(FamilyJudge.Budget(parent.Own.Concat(parent.Limits), unit) is not { } own || given <= own, $"{parent.Id}'s children have {given} {unit} together");
        }
    }

    private async Task<SignedGrant> SignAsync(Relative parent, string childId, AgentPolicy policy)
    {
        Assert.True(GrantStatement.TryCreate(SpiffeId.Parse(parent.Id), SpiffeId.Parse(childId), Now, RandomNumberGenerator.GetBytes(16), policy, PolicyOf(parent.Certificate!).Parent?.Grant, null, out var statement, out var error), error);
        return await SignedGrant.SignAsync(statement, parent.Key!, parent.Certificate!, default);
    }

    private async Task<EnrollmentOutcome> EnrollAsync(Relative by, ISigningKey key, string id, EnrollmentKind kind = EnrollmentKind.Enroll) => await authority.EnrollAsync(
        await TestAuthority.RequestAsync(key, id.Split('/')[^1], kind == EnrollmentKind.Renew ? by.Certificate!.SubjectAlternativeNames : [new GeneralName.Uri(id)]), new Requester.AgentCertificate(by.Certificate!), kind: kind);

    private void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;

    private static Registrar Registrar() => new(Operator, IsSeconded: false, Operator.Actor, "c");

    private static AgentPolicy? Meet(AgentPolicy? one, AgentPolicy other)
    {
        try
        {
            return one?.Intersect(other);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static AgentPolicy PolicyOf(Certificate certificate) => AgentPolicyDer.Parse(certificate.FindExtension(AgentPolicyDer.DefaultOid)!.Value);

    private static T Done<T>(Outcome<T> outcome) => outcome is Outcome<T>.Done(var value) ? value : throw new InvalidOperationException(((Outcome<T>.Refused)outcome).Problem.Detail);
}
