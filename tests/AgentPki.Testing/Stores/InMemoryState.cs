using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;

namespace AgentPki.Testing.Stores;

/// <summary>A certificate and what has become of it.</summary>
internal sealed record StoredEntry(CertificateRecord Certificate, long IssuedLeaf, CertificateStatus.Revoked? Revoked, long? RevokedLeaf, DateTimeOffset? InvalidSince = null)
{
    public StoredCertificate ToStored() => new(Certificate, Revoked is { Reason: not RevocationReason.RemoveFromCrl } ? Revoked : new CertificateStatus.Good());
}

/// <summary>Everything an <see cref="InMemoryStore"/> holds, as one immutable value: a reader keeps the state it began with.</summary>
internal sealed record InMemoryState
{
    public ImmutableList<AuthorityRecord> Authorities { get; init; } = [];

    /// <summary>By authority and hexadecimal serial, in ordinal order.</summary>
    public ImmutableSortedDictionary<string, StoredEntry> Certificates { get; init; } = ImmutableSortedDictionary.Create<string, StoredEntry>(StringComparer.Ordinal);

    /// <summary>Keys of <see cref="Certificates"/> in the order of issuance.</summary>
    public ImmutableList<string> Issued { get; init; } = [];

    public ImmutableDictionary<string, string> KeyOwners { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<string, RevocationReason> BlockedKeys { get; init; } = ImmutableDictionary<string, RevocationReason>.Empty;

    public ImmutableList<RevocationEvent> RevocationEvents { get; init; } = [];

    /// <summary>Of the request that made this state.</summary>
    public SelectedSet? Selected { get; init; }

    public ImmutableDictionary<string, string> KeyHalves { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<string, AgentRecord> Agents { get; init; } = ImmutableDictionary<string, AgentRecord>.Empty;

    public ImmutableList<string> Registered { get; init; } = [];

    public ImmutableSortedDictionary<string, AgentPki.Agents.Registry.OwnerRecord> Owners { get; init; } = ImmutableSortedDictionary.Create<string, AgentPki.Agents.Registry.OwnerRecord>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, EnrollmentCredential> Credentials { get; init; } = ImmutableSortedDictionary.Create<string, EnrollmentCredential>(StringComparer.Ordinal);

    public ImmutableList<ApprovalRecord> Approvals { get; init; } = [];

    public ImmutableList<CertificateListRecord> CertificateLists { get; init; } = [];

    public ImmutableList<FeedStatement> FeedStatements { get; init; } = [];

    /// <summary>By thumbprint.</summary>
    public ImmutableDictionary<string, (byte[] Chain, DateTimeOffset NotAfter)> FeedSigners { get; init; } = ImmutableDictionary<string, (byte[], DateTimeOffset)>.Empty;

    public ImmutableList<SuccessionRecord> Successions { get; init; } = [];

    public ImmutableList<CampaignRecord> Campaigns { get; init; } = [];

    /// <summary>By campaign, agent and profile.</summary>
    public ImmutableSortedDictionary<(string Campaign, string Agent, string Profile), CampaignMember> Members { get; init; } = ImmutableSortedDictionary<(string, string, string), CampaignMember>.Empty;

    public ImmutableSortedDictionary<string, AcmeExternalKey> AcmeExternalKeys { get; init; } = ImmutableSortedDictionary.Create<string, AcmeExternalKey>(StringComparer.Ordinal);

    public ImmutableList<AcmeAccount> AcmeAccounts { get; init; } = [];

    public ImmutableDictionary<string, AcmeAuthorization> AcmeAuthorizations { get; init; } = ImmutableDictionary<string, AcmeAuthorization>.Empty;

    /// <summary>By hexadecimal digest, until when.</summary>
    public ImmutableDictionary<string, DateTimeOffset> AcmeSpentProofs { get; init; } = ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ImmutableList<AcmeOrder> AcmeOrders { get; init; } = [];

    public ImmutableList<AcmeIncident> AcmeIncidents { get; init; } = [];

    public ImmutableList<AgentPki.Agents.Decisions.Adjustment> Adjustments { get; init; } = [];

    public ImmutableDictionary<(string Agent, string Unit), long> Spending { get; init; } = ImmutableDictionary<(string, string), long>.Empty;

    public ImmutableList<WatchResponse> WatchResponses { get; init; } = [];

    /// <summary>By response and agent.</summary>
    public ImmutableSortedDictionary<(string Response, string Agent), AnsweredAgent> Answered { get; init; } = ImmutableSortedDictionary<(string, string), AnsweredAgent>.Empty;

    public ImmutableList<KeptAdministrator> Administrators { get; init; } = [];

    public ImmutableList<AgentPki.Authority.Governance.AdminRequestRecord> AdminRequests { get; init; } = [];

    public ImmutableSortedDictionary<string, AgentPki.Authority.Governance.ApprovedFile> ApprovedFiles { get; init; } = ImmutableSortedDictionary.Create<string, AgentPki.Authority.Governance.ApprovedFile>(StringComparer.Ordinal);

    /// <summary>By hexadecimal digest.</summary>
    public ImmutableDictionary<string, GrantRecord> Grants { get; init; } = ImmutableDictionary<string, GrantRecord>.Empty;

    public ImmutableList<LedgerRecord> Ledger { get; init; } = [];

    public ImmutableList<SignedCheckpoint> Checkpoints { get; init; } = [];

    public long LogEpoch { get; init; } = 1;

    public long RevocationEpoch { get; init; }

    public static string CertificateKey(string authority, ReadOnlySpan<byte> serial) => $"{authority}\n{Convert.ToHexString(serial)}";
}
