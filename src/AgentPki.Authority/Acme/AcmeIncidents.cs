using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Acme;

/// <summary>What an operator wants renewed before its time, and why; see <see cref="AcmeIncident"/>.</summary>
public sealed record NewAcmeIncident(string? Authority, string? Profile, string Reason, string? ExplanationUrl, TimeSpan Lifetime);

/// <summary>
/// Incidents: an operator has certificates renewed before their time, without revoking them. Clients learn of it when they next ask for renewal information
/// (RFC 9773), and what they then get is not concerned any more. Open ones are kept in memory, as of their last change.
/// </summary>
public sealed class AcmeIncidents
{
    private const int ListLimit = 1000;
    private const int LongestReason = 256;
    private const int LongestUrl = 512;
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(366);
    private readonly IAcmeStore _store;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly ProfileCatalog _profiles;
    private readonly IssuerDirectory _issuers;
    private readonly TimeProvider _time;
    private ImmutableArray<AcmeIncident> _open = [];

    internal AcmeIncidents(IAcmeStore store, CommitWriter commits, AuditTrail audit, ProfileCatalog profiles, IssuerDirectory issuers, TimeProvider time) =>
        (_store, _commits, _audit, _profiles, _issuers, _time) = (store, commits, audit, profiles, issuers, time);

    /// <summary>Newest first, ended ones included.</summary>
    public ValueTask<IReadOnlyList<AcmeIncident>> ListAsync(CancellationToken cancellationToken) => _store.ListIncidentsAsync(ListLimit, cancellationToken);

    public async ValueTask<Outcome<AcmeIncident>> OpenAsync(NewAcmeIncident wanted, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (Check(wanted) is { } wrong)
        {
            return await RefuseAsync(new PkiProblem(PkiProblemKind.PolicyViolation, wrong), actor, correlationId, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var incident = new AcmeIncident(AcmeId.Create(now), wanted.Authority, wanted.Profile, wanted.Reason, wanted.ExplanationUrl, now, now + wanted.Lifetime, null);
        return await ChangeAsync(incident, "opened", actor, correlationId, new StoreChange.AddAcmeIncident(incident), cancellationToken);
    }

    /// <summary>Certificates that were not renewed meanwhile are renewed at their own time again.</summary>
    public async ValueTask<Outcome<AcmeIncident>> EndAsync(string id, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        return (await ListAsync(cancellationToken)).FirstOrDefault(i => i.Id == id && i.IsOpen(now)) is { } incident
            ? await ChangeAsync(incident with { Ended = now }, "ended", actor, correlationId, new StoreChange.EndAcmeIncident(id, now), cancellationToken)
            : await RefuseAsync(new PkiProblem(PkiProblemKind.NotFound, "there is no open incident of that id"), actor, correlationId, cancellationToken);
    }

    /// <summary>The oldest open incident that concerns a certificate; null: none.</summary>
    internal AcmeIncident? FindFor(CertificateRecord certificate, DateTimeOffset now) => _open.FirstOrDefault(i => i.IsOpen(now) && i.Covers(certificate));

    /// <summary>Reads the incidents again: at start and after each change.</summary>
    internal async ValueTask ReloadAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        _open = [.. (await ListAsync(cancellationToken)).Where(i => i.IsOpen(now)).Reverse()];
    }

    private async ValueTask<Outcome<AcmeIncident>> ChangeAsync(AcmeIncident incident, string decision, string actor, string correlationId, StoreChange change, CancellationToken cancellationToken)
    {
        var entry = new LedgerEntry(LedgerEntryKind.AcmeIncidentChanged, _time.GetUtcNow(), actor, AuditDetails.Of(
            (AuditDetails.Incident, incident.Id),
            (AuditDetails.Decision, decision),
            (AuditDetails.Authority, incident.Authority),
            (AuditDetails.Profile, incident.Profile),
            (AuditDetails.Reason, incident.Reason),
            (AuditDetails.NotAfter, AuditDetails.Instant(incident.NotAfter)),
            (AuditDetails.Correlation, correlationId)));
        var outcome = await _commits.CommitAsync(new CommitRequest(entry, [change]), cancellationToken);
        await ReloadAsync(CancellationToken.None);
        return outcome is CommitOutcome.Conflict
            ? await RefuseAsync(new PkiProblem(PkiProblemKind.Conflict, "somebody else changed the incidents in the same moment; list them and try again"), actor, correlationId, cancellationToken)
            : new Outcome<AcmeIncident>.Done(incident);
    }

    private string? Check(NewAcmeIncident wanted)
    {
        if (wanted.Reason.Length is 0 or > LongestReason || wanted.Reason.Any(char.IsControl))
        {
            return $"the reason is 1 to {LongestReason} printable characters";
        }

        if (wanted.ExplanationUrl is { } url && (url.Length > LongestUrl || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("https" or "http")))
        {
            return "the explanation is an http or https URL (RFC 9773 §4.2)";
        }

        if (wanted.Lifetime < TimeSpan.FromMinutes(1) || wanted.Lifetime > LongestLifetime)
        {
            return "an incident lasts a minute to a year";
        }

        if (wanted.Authority is { } authority && _issuers.Find(authority) is null)
        {
            return $"there is no CA '{authority}'; there are {string.Join(", ", _issuers.All.Select(i => i.Name))}";
        }

        return wanted.Profile is { } profile && _profiles.Find(profile) is null ? $"there is no profile '{profile}'; there are {string.Join(", ", _profiles.All.Select(p => p.Name))}" : null;
    }

    private async ValueTask<Outcome<AcmeIncident>> RefuseAsync(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<AcmeIncident>.Refused(problem);
    }
}
