using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Ledger;
using AgentPki.Ledger.Search;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>The ledger knows who decides: a roster that somebody exchanged in the home's files is noticed as soon as the store is open.</summary>
internal static class RosterLedger
{
    /// <exception cref="CeremonyException">The home's officers are not those that the ledger has.</exception>
    public static async ValueTask CheckAsync(AuthorityEnvironment environment, ICeremonyHome home, CancellationToken cancellationToken)
    {
        var roster = home.FindRoster();
        if (await LastAsync(environment.Stores.Ledger, cancellationToken) is { } last && last != roster?.Sha256)
        {
            throw new CeremonyException("The officers in the home's files are not those that the ledger has: the files were exchanged. Restore officers/roster.json from the evidence of the last ceremony that changed them.");
        }
    }

    /// <summary>Says in the ledger who decides, unless it was said.</summary>
    public static async ValueTask RecordAsync(AuthorityEnvironment environment, ICeremonyHome home, string actor, CancellationToken cancellationToken)
    {
        if (home.FindRoster() is not { } roster || await LastAsync(environment.Stores.Ledger, cancellationToken) == roster.Sha256)
        {
            return;
        }

        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        await authority.CommitAsync(new LedgerEntry(LedgerEntryKind.OfficersChanged, environment.Time.GetUtcNow(), actor, AuditDetails.Of(
            (AuditDetails.Digest, roster.Sha256),
            (AuditDetails.Officers, string.Join(' ', roster.Officers.Select(o => o.Name))),
            (AuditDetails.Quorum, roster.Quorum.ToString(CultureInfo.InvariantCulture)))));
    }

    private static async ValueTask<string?> LastAsync(ILedgerStore ledger, CancellationToken cancellationToken)
    {
        string? last = null;
        await foreach (var record in ledger.SearchAsync(new LedgerQuery { Kind = LedgerEntryKind.OfficersChanged }, 0, cancellationToken))
        {
            last = record.Details?.Facts.GetValueOrDefault(AuditDetails.Digest);
        }

        return last;
    }
}
