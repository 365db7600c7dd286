using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AgentPki.Agents;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;

namespace AgentPki.Authority.Delegation;

/// <summary>A grant that is recorded.</summary>
/// <param name="Child">As it is registered from now on.</param>
public sealed record Delegated(SignedGrant Grant, AgentRecord Child);

/// <summary>
/// Agents have children: each by a grant that the parent signed and that is recorded before anything rests on it (docs/delegation.md). The child's first certificate is enrolled by its parent, once; afterwards it
/// renews itself, and what it may do at most stands in each.
/// </summary>
public sealed class DelegationService : IDisposable
{
    /// <summary>As refusals name the way a request came.</summary>
    public const string Protocol = "delegation";

    private readonly RequesterAuthenticator _authenticator;
    private readonly IAgentStore _agents;
    private readonly IGrantStore _grants;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly BehaviourQueue _behaviour;
    private readonly CryptoProviders _providers;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;

    // Siblings are counted and a child added: one grant at a time, of which there are few.
    private readonly SemaphoreSlim _one = new(1, 1);

    internal DelegationService(RequesterAuthenticator authenticator, AuthorityStores stores, CommitWriter commits, AuditTrail audit, BehaviourQueue behaviour, CryptoProviders providers, AuthorityOptions options, TimeProvider time) =>
        (_authenticator, _agents, _grants, _commits, _audit, _behaviour, _providers, _options, _time) = (authenticator, stores.Agents, stores.Grants, commits, audit, behaviour, providers, options, time);

    /// <summary>Judges a grant and records it: the child is registered with it, or, known already, has from now on what this one says.</summary>
    /// <param name="text">The compact JWS.</param>
    /// <param name="presented">The client certificate of the connection.</param>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<Delegated>> GrantAsync(string text, Certificate presented, string correlationId, CancellationToken cancellationToken)
    {
        var (who, problem) = await _authenticator.AuthenticateAsync(new Requester.AgentCertificate(presented), cancellationToken);
        if (problem is not null || who is not AuthenticatedRequester.ByCertificate by)
        {
            return await RefuseAsync(who.Actor, problem ?? new PkiProblem(PkiProblemKind.Unauthenticated, "an agent's certificate is needed"), null, correlationId);
        }

        if (!SignedGrant.TryParse(text, out var grant, out var error))
        {
            return await RefuseAsync(who.Actor, new PkiProblem(PkiProblemKind.MalformedRequest, error), null, correlationId);
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            return await GrantAsync(grant, by, correlationId, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask<Outcome<Delegated>> GrantAsync(SignedGrant grant, AuthenticatedRequester.ByCertificate by, string correlationId, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var (childId, digest) = (grant.Statement.Child.ToString(), grant.Digest());
        // Whoever holds the connection may have changed since: the registry's word is read now.
        if (await _agents.FindAsync(by.Agent.Id, cancellationToken) is not { } parent)
        {
            return await RefuseAsync(by.Actor, new PkiProblem(PkiProblemKind.Unauthorized, "the agent is not known any more"), childId, correlationId);
        }

        var child = await _agents.FindAsync(childId, cancellationToken);
        var siblings = await _agents.ListAsync(new AgentQuery { Parent = parent.Id, WithoutRetired = true }, int.MaxValue, cancellationToken);
        if (!(await AgentLine.ReadAsync(parent, _agents, cancellationToken)).TryMeet(out var bounds, out var formless) || !TryLimit(grant.ChildPolicy(), child, out var granted, out formless))
        {
            return await RefuseAsync(by.Actor, new PkiProblem(PkiProblemKind.PolicyViolation, formless), childId, correlationId);
        }

        var @case = new GrantCase(grant, by.Certificate, parent, bounds, child, [.. siblings.Where(s => s.Id != childId)], now);
        var problem = GrantJudge.Check(@case, _options.AgentPolicyOid, _providers)
            ?? (await _grants.FindGrantAsync(digest, cancellationToken) is null ? null : new PkiProblem(PkiProblemKind.Conflict, "the grant was recorded before; sign another"))
            ?? (await _grants.CountGrantsAsync(parent.Id, now - TimeSpan.FromHours(1), cancellationToken) < _options.GrantsPerHour ? null
                : new PkiProblem(PkiProblemKind.RateLimited, $"an agent grants at most {_options.GrantsPerHour} times an hour", TimeSpan.FromMinutes(5)));
        problem ??= child is null ? null : await WhyNotAboveAsync(childId, grant.Statement.Policy, cancellationToken);
        if (problem is not null)
        {
            return await RefuseAsync(by.Actor, problem, childId, correlationId);
        }

        var policy = granted.Encode();
        var registered = Registered(parent, child, childId, policy, now);
        var entry = new LedgerEntry(LedgerEntryKind.DelegationGranted, now, by.Actor, AuditDetails.Of(
            (AuditDetails.Agent, childId),
            (AuditDetails.Parent, parent.Id),
            (LedgerFacts.GrantSha256, AuditDetails.Hex(digest)),
            (AuditDetails.PolicySha256, AuditDetails.Hex(System.Security.Cryptography.SHA256.HashData(policy))),
            (AuditDetails.Depth, grant.Statement.Policy.DelegationDepth.ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.NotAfter, grant.Statement.Policy.NotAfter is { } end ? AuditDetails.Instant(end) : null),
            (AuditDetails.Correlation, correlationId)));
        var record = new GrantRecord(digest, parent.Id, childId, grant.Text, by.Stored.Authority, by.Stored.Serial, now);
        var outcome = await _commits.CommitAsync(
            new CommitRequest(entry, [new StoreChange.RequireGood(by.Stored.Authority, by.Stored.Serial), new StoreChange.PutAgents([new AgentPut(registered, child?.Registration.Revision)]), new StoreChange.AddGrant(record, parent.Registration.Revision)]),
            cancellationToken);
        if (outcome is CommitOutcome.Conflict conflict)
        {
            return await RefuseAsync(by.Actor, new PkiProblem(PkiProblemKind.Conflict, conflict.Reason), childId, correlationId);
        }

        _behaviour.Publish(new BehaviourEvent(now, parent.Id, BehaviourKind.ChildGranted) { Owner = parent.Owner, Parent = parent.Parent });
        return new Outcome<Delegated>.Done(new Delegated(grant, registered));
    }

    // A child that is granted anew and has children: they stay within what it has.
    private async ValueTask<PkiProblem?> WhyNotAboveAsync(string childId, AgentPolicy granted, CancellationToken cancellationToken)
    {
        foreach (var grandchild in await _agents.ListAsync(new AgentQuery { Parent = childId, WithoutRetired = true }, int.MaxValue, cancellationToken))
        {
            if (grandchild.Registration.ReadPolicy() is { } policy && policy.WhyNotDelegable(granted) is { } wider)
            {
                return new PkiProblem(PkiProblemKind.PolicyViolation, $"its child {grandchild.Id} has more: {wider}; have that limited or retired first");
            }
        }

        return null;
    }

    // Whatever its parent grants it: what operators limited it to holds until they take that away.
    private static bool TryLimit(AgentPolicy granted, AgentRecord? child, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        (policy, error) = (granted, null);
        return child?.Registration.ReadLimits() is not { } limits || AgentLine.TryMeet(granted, limits, out policy, out error);
    }

    // A child is of its parent's owner, tier, environment and profiles: the registry may narrow these later, and never does a parent widen them.
    private static AgentRecord Registered(AgentRecord parent, AgentRecord? child, string childId, byte[] policy, DateTimeOffset now) => child is { } known
        ? known with { Registration = known.Registration with { Policy = policy } }
        : new AgentRecord(childId, parent.Owner, "", AgentState.Active, now, parent.Id)
        {
            Registration = new AgentRegistration
            {
                Purpose = parent.Registration.Purpose,
                Environment = parent.Registration.Environment,
                Tier = parent.Registration.Tier,
                Profiles = parent.Registration.Profiles,
                ReviewBy = parent.Registration.ReviewBy,
                Policy = policy,
            },
        };

    public void Dispose() => _one.Dispose();

    private async ValueTask<Outcome<Delegated>> RefuseAsync(string actor, PkiProblem problem, string? child, string correlationId)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, Protocol, correlationId, Agent: child), CancellationToken.None);
        return new Outcome<Delegated>.Refused(problem);
    }
}
