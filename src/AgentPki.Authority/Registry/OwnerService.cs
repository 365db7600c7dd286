using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Registry;

/// <summary>Who answers for agents: adds owners, has them leave, and brings them back.</summary>
public sealed class OwnerService
{
    private const int LongestContact = 254;
    private readonly IAgentStore _agents;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;

    internal OwnerService(IAgentStore agents, CommitWriter commits, AuditTrail audit, TimeProvider time) => (_agents, _commits, _audit, _time) = (agents, commits, audit, time);

    /// <summary>Adds an owner, or says of one what he is. So already: nothing happens.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<OwnerRecord>> PutAsync(string name, OwnerKind kind, string? contact, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var known = await _agents.FindOwnerAsync(name, cancellationToken);
        var wrong = OwnerRules.Check(name) ?? (known is null && RegistryText.WhyNot(name, 128) is { } unseen ? $"the name: {unseen}" : null) ?? (contact is not null && RegistryText.WhyNot(contact, LongestContact) is { } badContact ? $"the contact: {badContact}" : null);
        if (wrong is not null)
        {
            return await RefuseAsync(new PkiProblem(PkiProblemKind.MalformedRequest, wrong), actor, correlationId, cancellationToken);
        }

        if (known is not null && known.Kind == kind && known.Contact == contact)
        {
            return new Outcome<OwnerRecord>.Done(known);
        }

        var now = _time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.OwnerChanged, now, actor, AuditDetails.Of((AuditDetails.Owner, name), (AuditDetails.To, kind.ToString().ToLowerInvariant()), (AuditDetails.Correlation, correlationId)));
        await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.PutOwner(new OwnerRecord(name, kind, contact, OwnerState.Active, now, null))]), cancellationToken);
        return new Outcome<OwnerRecord>.Done(await _agents.FindOwnerAsync(name, cancellationToken) ?? throw new InvalidOperationException($"Owner {name} is not there."));
    }

    /// <summary>He answers for nothing from now on: he gets no new agents, and what becomes of those he has the rules say. So already: nothing happens.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public ValueTask<Outcome<(OwnerRecord Owner, long Agents)>> LeaveAsync(string name, string actor, string correlationId, CancellationToken cancellationToken) =>
        MoveAsync(name, OwnerState.Left, LedgerEntryKind.OwnerLeft, actor, correlationId, cancellationToken);

    /// <summary>He is back; his agents that were suspended because he had left are active again: their number.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public ValueTask<Outcome<(OwnerRecord Owner, long Agents)>> ReturnAsync(string name, string actor, string correlationId, CancellationToken cancellationToken) =>
        MoveAsync(name, OwnerState.Active, LedgerEntryKind.OwnerReturned, actor, correlationId, cancellationToken);

    private async ValueTask<Outcome<(OwnerRecord Owner, long Agents)>> MoveAsync(string name, OwnerState to, LedgerEntryKind kind, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await _agents.FindOwnerAsync(name, cancellationToken) is not { } known)
        {
            return (await RefuseAsync(new PkiProblem(PkiProblemKind.NotFound, "there is no owner of that name"), actor, correlationId, cancellationToken)) is Outcome<OwnerRecord>.Refused(var problem)
                ? new Outcome<(OwnerRecord, long)>.Refused(problem)
                : throw new System.Diagnostics.UnreachableException();
        }

        if (known.State == to)
        {
            return new Outcome<(OwnerRecord, long)>.Done((known, 0));
        }

        var now = _time.GetUtcNow();
        var entry = new LedgerEntry(kind, now, actor, AuditDetails.Of((AuditDetails.Owner, name), (AuditDetails.Correlation, correlationId)));
        var request = new CommitRequest(entry, [new StoreChange.MoveOwner(name, to, now)]) { Completing = to == OwnerState.Active ? AgentRegistry.WithAgents : null };
        var agents = (await _commits.CommitAsync(request, cancellationToken) as CommitOutcome.Committed)?.Selected?.Agents ?? 0;
        return new Outcome<(OwnerRecord, long)>.Done((await _agents.FindOwnerAsync(name, cancellationToken) ?? known, agents));
    }

    private async ValueTask<Outcome<OwnerRecord>> RefuseAsync(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<OwnerRecord>.Refused(problem);
    }
}
