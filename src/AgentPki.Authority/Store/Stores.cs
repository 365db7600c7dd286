using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;

namespace AgentPki.Authority.Store;

/// <summary>Reads certification authorities.</summary>
public interface IAuthorityStore
{
    /// <summary>All of them, in the order they were added.</summary>
    ValueTask<IReadOnlyList<AuthorityRecord>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Which CA takes whose place, in the order they were added.</summary>
    ValueTask<IReadOnlyList<SuccessionRecord>> ListSuccessionsAsync(CancellationToken cancellationToken);
}

/// <summary>Reads certificates and their status: the one truth about revocation.</summary>
public interface ICertificateStore
{
    ValueTask<StoredCertificate?> FindAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken);

    /// <summary>Status alone; null when that CA never issued the serial.</summary>
    ValueTask<CertificateStatus?> FindStatusAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken);

    /// <summary>What is known of a public key; null when it was never certified nor blocked here.</summary>
    ValueTask<KeyBinding?> FindKeyAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken);

    /// <summary>Whether a public key is half of a composite key that was certified (<see cref="StoreChange.BindHalf"/>).</summary>
    ValueTask<bool> IsCompositeHalfAsync(ReadOnlyMemory<byte> keyFingerprint, CancellationToken cancellationToken);

    /// <summary>Certificates of an agent, newest first.</summary>
    ValueTask<IReadOnlyList<StoredCertificate>> ListByAgentAsync(string agentId, int limit, CancellationToken cancellationToken);

    /// <summary>How many certificates of an agent have not ended, by what they are.</summary>
    ValueTask<CertificateTally> TallyAsync(string agentId, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Certificates over one public key (SHA-256 of the SubjectPublicKeyInfo), the appliance's own included, newest first.</summary>
    ValueTask<IReadOnlyList<StoredCertificate>> ListByKeyAsync(ReadOnlyMemory<byte> keyFingerprint, int limit, CancellationToken cancellationToken);

    /// <summary>The newest certificates, for people: newest first.</summary>
    /// <param name="owners">Of agents of these owners alone; null: of whomever.</param>
    /// <param name="after">Older than that one; one that is not there: none.</param>
    ValueTask<IReadOnlyList<StoredCertificate>> ListAsync(ImmutableArray<string>? owners, CertificateCursor? after, int limit, CancellationToken cancellationToken);

    /// <inheritdoc cref="ListAsync(ImmutableArray{string}?, CertificateCursor?, int, CancellationToken)"/>
    ValueTask<IReadOnlyList<StoredCertificate>> ListAsync(int limit, CancellationToken cancellationToken) => ListAsync(null, null, limit, cancellationToken);

    /// <summary>The serial number of every certificate that was ever issued, by whichever CA, in no order.</summary>
    IAsyncEnumerable<byte[]> ListSerialsAsync(CancellationToken cancellationToken);

    /// <summary>The revocation epoch: rises with each committed revocation.</summary>
    ValueTask<long> RevocationEpochAsync(CancellationToken cancellationToken);

    /// <summary>Number of certificates stored.</summary>
    ValueTask<long> CountAsync(CancellationToken cancellationToken);
}

/// <summary>Reads revocations as events, and what a selector selects.</summary>
public interface IRevocationStore
{
    /// <summary>Events after an epoch, rising, without gaps.</summary>
    ValueTask<IReadOnlyList<RevocationEvent>> ListEventsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// What an event changed and no later one has changed again, by authority in the order they were added, then by serial.
    /// </summary>
    IAsyncEnumerable<RevokedMember> ListEventMembersAsync(long epoch, CancellationToken cancellationToken);

    /// <summary>Everything revoked or held that ends then or later, in the same order.</summary>
    IAsyncEnumerable<RevokedMember> ListAllRevokedAsync(DateTimeOffset notExpiredBefore, CancellationToken cancellationToken);

    /// <summary>How many certificates a <see cref="StoreChange.RevokeSet"/> with that selector and reason would take (<see cref="RevocationReason.RemoveFromCrl"/>: a <see cref="StoreChange.ReleaseSet"/>).</summary>
    /// <param name="atMost">Where to stop counting.</param>
    ValueTask<long> CountAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, long atMost, CancellationToken cancellationToken);

    /// <summary>What they are.</summary>
    ValueTask<SelectionPreview> PreviewAsync(RevocationSelector selector, RevocationReason reason, DateTimeOffset now, int sample, CancellationToken cancellationToken);
}

/// <summary>Reads agents and their owners.</summary>
public interface IAgentStore
{
    ValueTask<AgentRecord?> FindAsync(string agentId, CancellationToken cancellationToken);

    /// <summary>Agents, newest first.</summary>
    ValueTask<IReadOnlyList<AgentRecord>> ListAsync(int limit, CancellationToken cancellationToken) => ListAsync(new AgentQuery(), limit, cancellationToken);

    ValueTask<IReadOnlyList<AgentRecord>> ListAsync(AgentQuery query, int limit, CancellationToken cancellationToken);

    /// <summary>How many there are; where a page begins is nothing to it.</summary>
    ValueTask<long> CountAsync(AgentQuery query, CancellationToken cancellationToken);

    ValueTask<OwnerRecord?> FindOwnerAsync(string name, CancellationToken cancellationToken);

    /// <summary>Owners, by ordinal name.</summary>
    /// <param name="names">These alone; null: all of them.</param>
    /// <param name="after">Those whose name comes after that one.</param>
    ValueTask<IReadOnlyList<OwnerSummary>> ListOwnersAsync(OwnerState? state, ImmutableArray<string>? names, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>Reads enrolment credentials.</summary>
public interface ICredentialStore
{
    ValueTask<EnrollmentCredential?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>All of them, revoked ones included, by ordinal name.</summary>
    ValueTask<IReadOnlyList<EnrollmentCredential>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>Reads parked enrolments.</summary>
public interface IApprovalStore
{
    ValueTask<ApprovalRecord?> FindAsync(string id, CancellationToken cancellationToken);

    ValueTask<ApprovalRecord?> FindByRequestAsync(ReadOnlyMemory<byte> requestHash, CancellationToken cancellationToken);

    /// <summary>Parked requests in that state, or all of them, oldest first.</summary>
    ValueTask<IReadOnlyList<ApprovalRecord>> ListAsync(ApprovalState? state, CancellationToken cancellationToken);
}

/// <summary>Reads campaigns and their members.</summary>
public interface ICampaignStore
{
    /// <summary>All of them, oldest first.</summary>
    ValueTask<IReadOnlyList<CampaignRecord>> ListAsync(CancellationToken cancellationToken);

    /// <summary>What an agent is in every campaign that has it, in no order.</summary>
    ValueTask<IReadOnlyList<CampaignMember>> FindMembersAsync(string agentId, CancellationToken cancellationToken);

    /// <summary>The members that are asked for, in one order.</summary>
    ValueTask<IReadOnlyList<CampaignMember>> ListMembersAsync(MemberQuery query, int limit, CancellationToken cancellationToken);

    /// <summary>Members per state.</summary>
    /// <param name="waitingUntil">What <see cref="MemberCount.Waiting"/> counts.</param>
    ValueTask<IReadOnlyList<MemberCount>> CountMembersAsync(string campaign, DateTimeOffset waitingUntil, CancellationToken cancellationToken);

    /// <summary>Members that were to move (selected, switched, returning) and cannot: not active any more, or without a live certificate.</summary>
    ValueTask<IReadOnlyList<CampaignMember>> ListDepartedAsync(string campaign, DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>What active agents hold at that time, agent by agent.</summary>
    IAsyncEnumerable<CertificateHolder> ListHoldersAsync(DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>Reads signed CRLs, and what the next ones will say.</summary>
public interface ICertificateListStore
{
    /// <summary>The CRL with the highest number of that CA's shard, complete or delta; or null.</summary>
    ValueTask<CertificateListRecord?> LatestAsync(string authority, int shard, bool isDelta, CancellationToken cancellationToken);

    /// <summary>Of the complete CRLs that are valid at that time the one that ends first, or null.</summary>
    ValueTask<CertificateListRecord?> FindBaseAsync(string authority, int shard, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The shards that some certificate of that CA was given to, or that had a CRL, rising.</summary>
    ValueTask<IReadOnlyList<int>> ListShardsAsync(string authority, CancellationToken cancellationToken);

    /// <summary>Revoked or held, unexpired serials of a shard at the current epoch, streamed in the octet order of serials.</summary>
    IAsyncEnumerable<RevokedEntry> ListEntriesAsync(string authority, int shard, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken);

    /// <summary>What has changed after an epoch, in the same order: what was released has the reason <see cref="RevocationReason.RemoveFromCrl"/>.</summary>
    IAsyncEnumerable<RevokedEntry> ListChangesAsync(string authority, int shard, long afterEpoch, DateTimeOffset notExpiredBefore, CancellationToken cancellationToken);

    /// <summary>Whether anything has changed after an epoch.</summary>
    ValueTask<bool> HasChangedAsync(string authority, int shard, long afterEpoch, CancellationToken cancellationToken);
}
