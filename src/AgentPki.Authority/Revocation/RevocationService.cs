using System.Globalization;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Takes certificates away, holds and releases them: one commit, one ledger entry, one event, however many they are. When it returns, nothing newly served says good: the
/// commit moved the <see cref="RevocationClock"/> that everything compares with. What is selected is decided by the store inside that commit.
/// </summary>
public sealed class RevocationService(
    ICertificateStore certificates,
    IRevocationStore revocations,
    IAgentStore agents,
    IWatchStore watch,
    IssuerDirectory issuers,
    CommitWriter commits,
    AuditTrail audit,
    AuthorityMetrics metrics,
    AuthorityOptions options,
    TimeProvider time)
{
    private const int Sample = 20;

    public async ValueTask<Outcome<RevocationResult>> RevokeAsync(RevocationRequest request, CancellationToken cancellationToken)
    {
        var asker = new Asker(request.Actor, request.Protocol, request.CorrelationId);
        if (request.Reason is RevocationReason.RemoveFromCrl || !Enum.IsDefined(request.Reason))
        {
            return await RefuseAsync(asker, new PkiProblem(PkiProblemKind.PolicyViolation, "removeFromCRL is how a release shows in a delta CRL, and no reason to revoke; RFC 5280 §5.3.1 has the reasons"), cancellationToken);
        }

        if (request.InvalidSince > time.GetUtcNow())
        {
            return await RefuseAsync(asker, new PkiProblem(PkiProblemKind.MalformedRequest, "the invalidity date lies in the future"), cancellationToken);
        }

        try
        {
            return await SelectAsync(request.Target, request.IncludeAppliance, cancellationToken) switch
            {
                Outcome<Selected>.Refused(var problem) => await RefuseAsync(asker, problem, cancellationToken),
                Outcome<Selected>.Done({ Found: { Status: CertificateStatus.Revoked { Reason: var was } } found }) when
                    (was != RevocationReason.CertificateHold || request.Reason == RevocationReason.CertificateHold) && !(request.Reason.BlocksKeys() && await HasFreeKeyAsync(found.Certificate, cancellationToken)) =>
                    new Outcome<RevocationResult>.Done(new RevocationResult(0, 1, commits.Revocations.Epoch)),
                Outcome<Selected>.Done(var selected) => await RevokeAsync(request, selected, asker, cancellationToken),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
        catch (StoreUnavailableException)
        {
            return await RefuseAsync(asker, new PkiProblem(PkiProblemKind.Unavailable, "the store cannot be written now; nothing was revoked", TimeSpan.FromSeconds(5)), cancellationToken);
        }
    }

    /// <summary>Ends holds. What is not held is left as it is; what a response by rule holds is for <see cref="ResponseReversal"/>.</summary>
    public async ValueTask<Outcome<RevocationResult>> ReleaseAsync(ReleaseRequest request, CancellationToken cancellationToken)
    {
        var asker = new Asker(request.Actor, request.Protocol, request.CorrelationId);
        try
        {
            switch (await SelectAsync(request.Target, includeAppliance: true, cancellationToken))
            {
                case Outcome<Selected>.Refused(var problem):
                    return await RefuseAsync(asker, problem, cancellationToken);
                case Outcome<Selected>.Done({ Selector: var selector }):
                    var now = time.GetUtcNow();
                    if (await ResponseReversal.WhyHeldAsync(watch, selector, now, cancellationToken) is { } held)
                    {
                        return await RefuseAsync(asker, held, cancellationToken);
                    }

                    if (await WhyNotConfirmedAsync(selector, RevocationReason.RemoveFromCrl, now, request.Confirmed, cancellationToken) is { } unconfirmed)
                    {
                        return await RefuseAsync(asker, unconfirmed, cancellationToken);
                    }

                    return await CommitAsync(LedgerEntryKind.CertificateReleased, now, "", selector, new StoreChange.ReleaseSet(selector, now, selector.NamesAgents), 0, asker, cancellationToken);
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        catch (StoreUnavailableException)
        {
            return await RefuseAsync(asker, new PkiProblem(PkiProblemKind.Unavailable, "the store cannot be written now; nothing was released", TimeSpan.FromSeconds(5)), cancellationToken);
        }
    }

    /// <summary>What <see cref="RevokeAsync(RevocationRequest, CancellationToken)"/> would take now, or with <see cref="RevocationReason.RemoveFromCrl"/> what <see cref="ReleaseAsync"/> would; nothing is changed.</summary>
    public async ValueTask<Outcome<SelectionPreview>> PreviewAsync(RevocationTarget target, RevocationReason reason, bool includeAppliance, CancellationToken cancellationToken) =>
        await SelectAsync(target, includeAppliance || reason == RevocationReason.RemoveFromCrl, cancellationToken) switch
        {
            Outcome<Selected>.Refused(var problem) => new Outcome<SelectionPreview>.Refused(problem),
            Outcome<Selected>.Done({ Selector: var selector }) => new Outcome<SelectionPreview>.Done(await revocations.PreviewAsync(selector, reason, time.GetUtcNow(), Sample, cancellationToken)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    // A certificate that was superseded, say, and of which it is learnt now that its key is in the wrong hands.
    private async ValueTask<bool> HasFreeKeyAsync(CertificateRecord certificate, CancellationToken cancellationToken)
    {
        foreach (var key in new[] { certificate.KeyFingerprint, certificate.AlternativeKeyFingerprint })
        {
            if (key is not null && await certificates.FindKeyAsync(key, cancellationToken) is not { Blocked: not null })
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<Outcome<Selected>> SelectAsync(RevocationTarget target, bool includeAppliance, CancellationToken cancellationToken)
    {
        switch (target)
        {
            case RevocationTarget.Serial(var authority, var number):
                return One(await certificates.FindAsync(authority, number, cancellationToken), includeAppliance);
            case RevocationTarget.OneCertificate(var certificate):
                var stored = issuers.FindIssuerOf(certificate) is { } issuer ? await certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) : null;
                return One(stored is not null && certificate.Der.Span.SequenceEqual(stored.Certificate.Der) ? stored : null, includeAppliance);
            case RevocationTarget.Agent(var agentId, var then, var withDescendants):
                return await agents.FindAsync(agentId, cancellationToken) is null
                    ? NotFound("there is no agent of that name")
                    : new Outcome<Selected>.Done(new Selected(new RevocationSelector { Agent = agentId, WithDescendants = withDescendants }, then, null));
            case RevocationTarget.Selection({ NamesOneCertificate: true, Authority: { } authority, Serial: { } serial }, _):
                return One(await certificates.FindAsync(authority, serial, cancellationToken), includeAppliance);
            case RevocationTarget.Selection(var selector, var then):
                return selector.WhyNot() is { } reason
                    ? new Outcome<Selected>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, reason))
                    : selector.Agent is { } id && await agents.FindAsync(id, cancellationToken) is null
                        ? NotFound("there is no agent of that name")
                        : new Outcome<Selected>.Done(new Selected(selector, then, null));
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static Outcome<Selected> One(StoredCertificate? found, bool includeAppliance)
    {
        if (found is null)
        {
            return NotFound("this appliance has issued no such certificate");
        }

        return found.Certificate.AgentId is null && !includeAppliance
            ? new Outcome<Selected>.Refused(new PkiProblem(PkiProblemKind.PolicyViolation, $"this is the appliance's own certificate ({found.Certificate.Profile}); say explicitly that you mean it"))
            : new Outcome<Selected>.Done(new Selected(RevocationSelector.Of(found.Certificate.Authority, found.Certificate.Serial) with { IncludeAppliance = includeAppliance }, AgentState.Active, found));
    }

    private static Outcome<Selected> NotFound(string detail) => new Outcome<Selected>.Refused(new PkiProblem(PkiProblemKind.NotFound, detail));

    private async ValueTask<Outcome<RevocationResult>> RevokeAsync(RevocationRequest request, Selected selected, Asker asker, CancellationToken cancellationToken)
    {
        var (selector, now) = (selected.Selector, time.GetUtcNow());
        if (await WhyNotConfirmedAsync(selector, request.Reason, now, request.Confirmed, cancellationToken) is { } problem)
        {
            return await RefuseAsync(asker, problem, cancellationToken);
        }

        var already = selected.Found is { Status: var status } ? status is CertificateStatus.Revoked { Reason: not RevocationReason.CertificateHold } ? 1 : 0 : selector is not { Agent: { } agent, WithDescendants: false } ? 0
            : (await certificates.ListByAgentAsync(agent, 1000, cancellationToken)).LongCount(c => c.Status is CertificateStatus.Revoked { Reason: not RevocationReason.CertificateHold });
        var change = new StoreChange.RevokeSet(selector, now, request.Reason, request.InvalidSince, selector.NamesAgents && selected.Then != AgentState.Active ? selected.Then : null, request.Response);
        return await CommitAsync(LedgerEntryKind.CertificateRevoked, now, request.Reason.ToString(), selector, change, already, asker, cancellationToken);
    }

    private async ValueTask<PkiProblem?> WhyNotConfirmedAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, long? confirmed, CancellationToken cancellationToken)
    {
        var limit = options.UnconfirmedRevocations;
        if (selector.NamesOneCertificate || await revocations.CountAsync(selector, reason, now, limit + 1L, cancellationToken) <= limit)
        {
            return null;
        }

        var count = await revocations.CountAsync(selector, reason, now, long.MaxValue, cancellationToken);
        return confirmed >= count - (count / 10)
            ? null
            : new PkiProblem(PkiProblemKind.PolicyViolation, string.Create(CultureInfo.InvariantCulture, $"this takes {count} certificates: look at them in a dry run and confirm that number"));
    }

    private async ValueTask<Outcome<RevocationResult>> CommitAsync(
        LedgerEntryKind kind, DateTimeOffset now, string reason, RevocationSelector selector, StoreChange change, long already, Asker asker, CancellationToken cancellationToken)
    {
        var then = change is StoreChange.RevokeSet { Agents: { } state } ? state.ToString() : change is StoreChange.ReleaseSet { Agents: true } ? nameof(AgentState.Active) : null;
        var entry = new LedgerEntry(kind, now, asker.Actor, AuditDetails.Of(
            (AuditDetails.Reason, reason.Length == 0 ? null : reason),
            (LedgerFacts.Selector, selector.NamesOneCertificate ? null : selector.ToString()),
            (LedgerFacts.Authority, selector.NamesOneCertificate ? selector.Authority : null),
            (LedgerFacts.Serial, selector is { NamesOneCertificate: true, Serial: { } serial } ? AuditDetails.Hex(serial.Span) : null),
            (AuditDetails.Agent, selector.Agent),
            (AuditDetails.State, then),
            (AuditDetails.Protocol, asker.Protocol),
            (AuditDetails.Correlation, asker.CorrelationId)));
        switch (await commits.CommitAsync(new CommitRequest(entry, [change]) { Completing = Complete }, cancellationToken))
        {
            case CommitOutcome.Committed { Epoch: var epoch, Selected: { } done }:
                metrics.Revoked((int)Math.Min(done.Count, int.MaxValue));
                return new Outcome<RevocationResult>.Done(new RevocationResult(done.Count, already, epoch, done.Agents, done.Keys));
            case CommitOutcome.Conflict conflict:
                return await RefuseAsync(asker, new PkiProblem(PkiProblemKind.Conflict, conflict.Reason), cancellationToken);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static LedgerEntry Complete(LedgerEntry entry, SelectedSet selected)
    {
        var details = entry.Details.Add(AuditDetails.CertificateCount, selected.Count.ToString(CultureInfo.InvariantCulture));
        if (entry.Details.ContainsKey(LedgerFacts.Selector))
        {
            details = details.Add(LedgerFacts.SetDigest, selected.Digest).Add(AuditDetails.Agents, selected.Agents.ToString(CultureInfo.InvariantCulture));
        }

        return entry with { Details = selected.Keys == 0 ? details : details.Add(AuditDetails.BlockedKeys, selected.Keys.ToString(CultureInfo.InvariantCulture)) };
    }

    private async ValueTask<Outcome<RevocationResult>> RefuseAsync(Asker asker, PkiProblem problem, CancellationToken cancellationToken)
    {
        await audit.RefuseAsync(new Refusal(asker.Actor, problem, asker.Protocol, asker.CorrelationId), cancellationToken);
        return new Outcome<RevocationResult>.Refused(problem);
    }

    /// <param name="Then">The state that the agents are put into; active: it stays.</param>
    /// <param name="Found">The one certificate that is named.</param>
    private sealed record Selected(RevocationSelector Selector, AgentState Then, StoredCertificate? Found);

    private sealed record Asker(string Actor, string Protocol, string CorrelationId);
}
