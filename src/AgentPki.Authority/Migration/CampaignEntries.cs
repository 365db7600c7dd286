using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Migration;

/// <summary>What the ledger says of campaigns.</summary>
internal static class CampaignEntries
{
    public static LedgerEntry Started(CampaignRecord campaign, string correlationId, DateTimeOffset now) => new(LedgerEntryKind.CampaignStarted, now, campaign.CreatedBy, AuditDetails.Of(
        (AuditDetails.Campaign, campaign.Name),
        (AuditDetails.KeyAlgorithm, Listed([.. campaign.Selector.Algorithms.Select(a => a.Name)])),
        (AuditDetails.Owner, Listed(campaign.Selector.Owners)),
        (AuditDetails.Profile, Listed(campaign.Selector.Profiles)),
        (AuditDetails.Target, CampaignText.Describe(campaign.Target)),
        (AuditDetails.Share, CampaignShare.Text(campaign.Share)),
        (AuditDetails.Reason, campaign.Retirement.ToString()),
        (AuditDetails.Correlation, correlationId)));

    public static LedgerEntry Changed(CampaignRecord before, CampaignState state, int share, string actor, string? correlationId, DateTimeOffset now) =>
        new(LedgerEntryKind.CampaignChanged, now, actor, AuditDetails.Of(
            (AuditDetails.Campaign, before.Name),
            (AuditDetails.From, before.State.ToString()),
            (AuditDetails.State, state.ToString()),
            (AuditDetails.Share, CampaignShare.Text(share)),
            (AuditDetails.Correlation, correlationId)));

    /// <summary>Members that come into a state together: one by its name, several by their number and a digest of their names.</summary>
    public static LedgerEntry Advanced(string campaign, string state, IReadOnlyList<CampaignMember> members, string actor, string? reason, DateTimeOffset now) =>
        new(LedgerEntryKind.CampaignAdvanced, now, actor, AuditDetails.Of(
            (AuditDetails.Campaign, campaign),
            (AuditDetails.State, state),
            (AuditDetails.Agents, members.Count.ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.Agent, members is [var only] ? only.AgentId : null),
            (AuditDetails.Digest, members.Count > 1 ? DigestOf(members.Select(m => m.AgentId)) : null),
            (AuditDetails.Reason, reason)));

    /// <summary>SHA-256 over the lines "agent\n" in ordinal order.</summary>
    public static string DigestOf(IEnumerable<string> agents) =>
        AuditDetails.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(agents.Select(a => $"{a}\n").Order(StringComparer.Ordinal)))));

    /// <summary>SHA-256 over the lines "authority serial-in-hex\n" in ordinal order: which certificates they were can be checked for ever.</summary>
    public static string DigestOf(IEnumerable<CertificateRecord> revoked) =>
        AuditDetails.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(revoked.Select(c => $"{c.Authority} {AuditDetails.Hex(c.Serial)}\n").Order(StringComparer.Ordinal)))));

    private static string? Listed(IReadOnlyCollection<string> names) => names.Count == 0 ? null : string.Join(", ", names);
}
