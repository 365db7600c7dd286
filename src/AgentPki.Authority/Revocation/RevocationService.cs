using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Takes certificates away: one commit, one ledger entry, however many they are. When it returns, nothing newly served says good: the
/// commit moved the <see cref="RevocationClock"/> that OCSP and CRL compare with.
/// </summary>
public sealed class RevocationService(
    ICertificateStore certificates,
    IAgentStore agents,
    IssuerDirectory issuers,
    CommitWriter commits,
    AuditTrail audit,
    AuthorityMetrics metrics,
    TimeProvider time)
{
    private const int MostAtOnce = 10_000;

    public async ValueTask<Outcome<RevocationResult>> RevokeAsync(RevocationRequest request, CancellationToken cancellationToken)
    {
        if (request.Reason is RevocationReason.CertificateHold or RevocationReason.RemoveFromCrl || !Enum.IsDefined(request.Reason))
        {
            return await RefuseAsync(request, new PkiProblem(PkiProblemKind.PolicyViolation, "revocation is for good here: hold and removeFromCRL are not offered; suspend the agent instead"), cancellationToken);
        }

        try
        {
            return await FindAsync(request, cancellationToken) switch
            {
                Outcome<IReadOnlyList<StoredCertificate>>.Refused(var problem) => await RefuseAsync(request, problem, cancellationToken),
                Outcome<IReadOnlyList<StoredCertificate>>.Done(var found) => await CommitAsync(request, found, cancellationToken),
                _ => throw new UnreachableException(),
            };
        }
        catch (StoreUnavailableException)
        {
            return await RefuseAsync(request, new PkiProblem(PkiProblemKind.Unavailable, "the store cannot be written now; nothing was revoked", TimeSpan.FromSeconds(5)), cancellationToken);
        }
    }

    private async ValueTask<Outcome<IReadOnlyList<StoredCertificate>>> FindAsync(RevocationRequest request, CancellationToken cancellationToken)
    {
        switch (request.Target)
        {
            case RevocationTarget.Serial(var authority, var number):
                return Single(request, await certificates.FindAsync(authority, number, cancellationToken));
            case RevocationTarget.OneCertificate(var certificate):
                var stored = issuers.FindIssuerOf(certificate) is { } issuer ? await certificates.FindAsync(issuer.Name, certificate.SerialNumber, cancellationToken) : null;
                return Single(request, stored is not null && certificate.Der.Span.SequenceEqual(stored.Certificate.Der) ? stored : null);
            case RevocationTarget.Agent(var agentId, _):
                return await agents.FindAsync(agentId, cancellationToken) is null
                    ? NotFound("there is no agent of that name")
                    : new Outcome<IReadOnlyList<StoredCertificate>>.Done(await certificates.ListByAgentAsync(agentId, MostAtOnce, cancellationToken));
            default:
                throw new UnreachableException();
        }
    }

    private static Outcome<IReadOnlyList<StoredCertificate>> Single(RevocationRequest request, StoredCertificate? found)
    {
        if (found is null)
        {
            return NotFound("this appliance has issued no such certificate");
        }

        return found.Certificate.AgentId is null && !request.IncludeAppliance
            ? new Outcome<IReadOnlyList<StoredCertificate>>.Refused(new PkiProblem(PkiProblemKind.PolicyViolation, $"this is the appliance's own certificate ({found.Certificate.Profile}); say explicitly that you mean it"))
            : new Outcome<IReadOnlyList<StoredCertificate>>.Done([found]);
    }

    private static Outcome<IReadOnlyList<StoredCertificate>> NotFound(string detail) =>
        new Outcome<IReadOnlyList<StoredCertificate>>.Refused(new PkiProblem(PkiProblemKind.NotFound, detail));

    private async ValueTask<Outcome<RevocationResult>> CommitAsync(RevocationRequest request, IReadOnlyList<StoredCertificate> found, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var already = found.Count(c => c.Status is CertificateStatus.Revoked);
        // A certificate named alone is revoked even after its end; of an agent's many, those that ended need it no more.
        var good = found.Where(c => c.Status is CertificateStatus.Good && (found.Count == 1 || c.Certificate.NotAfter > now)).Select(c => c.Certificate).ToList();
        var changes = good.Select(c => (StoreChange)new StoreChange.RevokeCertificate(c.Authority, c.Serial, now, request.Reason)).ToList();
        if (request.Target is RevocationTarget.Agent(var agentId, var then) && await agents.FindAsync(agentId, cancellationToken) is { } agent && agent.State != then && AgentRules.CanMove(agent.State, then))
        {
            changes.Add(new StoreChange.SetAgentState(agentId, then));
        }

        if (changes.Count == 0)
        {
            return new Outcome<RevocationResult>.Done(new RevocationResult(0, already, commits.Revocations.Epoch));
        }

        switch (await commits.CommitAsync(new CommitRequest(Entry(request, good, now), [.. changes]), cancellationToken))
        {
            case CommitOutcome.Committed(_, var epoch):
                metrics.Revoked(good.Count);
                return new Outcome<RevocationResult>.Done(new RevocationResult(good.Count, already, epoch));
            case CommitOutcome.Conflict conflict:
                return await RefuseAsync(request, new PkiProblem(PkiProblemKind.Conflict, conflict.Reason), cancellationToken);
            default:
                throw new UnreachableException();
        }
    }

    private static LedgerEntry Entry(RevocationRequest request, List<CertificateRecord> revoked, DateTimeOffset now) =>
        new(LedgerEntryKind.CertificateRevoked, now, request.Actor, AuditDetails.Of(
            (AuditDetails.Reason, request.Reason.ToString()),
            (AuditDetails.CertificateCount, revoked.Count.ToString()),
            (LedgerFacts.Authority, revoked.Count == 1 ? revoked[0].Authority : null),
            (LedgerFacts.Serial, revoked.Count == 1 ? AuditDetails.Hex(revoked[0].Serial) : null),
            (AuditDetails.Digest, revoked.Count > 1 ? DigestOf(revoked) : null),
            (AuditDetails.Agent, (request.Target as RevocationTarget.Agent)?.AgentId ?? (revoked.Count == 1 ? revoked[0].AgentId : null)),
            (AuditDetails.State, (request.Target as RevocationTarget.Agent)?.Then.ToString()),
            (AuditDetails.Protocol, request.Protocol),
            (AuditDetails.Correlation, request.CorrelationId)));

    /// <summary>SHA-256 over the lines "authority serial-in-hex\n" in ordinal order: which certificates they were can be checked for ever.</summary>
    internal static string DigestOf(List<CertificateRecord> revoked) =>
        AuditDetails.Hex(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(revoked.Select(c => $"{c.Authority} {AuditDetails.Hex(c.Serial)}\n").Order(StringComparer.Ordinal)))));

    private async ValueTask<Outcome<RevocationResult>> RefuseAsync(RevocationRequest request, PkiProblem problem, CancellationToken cancellationToken)
    {
        await audit.RefuseAsync(new Refusal(request.Actor, problem, request.Protocol, request.CorrelationId), cancellationToken);
        return new Outcome<RevocationResult>.Refused(problem);
    }
}
