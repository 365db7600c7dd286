using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Protocols.Admin;

// The admin API's answers, version 1. A field may be added; none may be taken away or change its meaning.

/// <summary>The appliance at a glance.</summary>
/// <param name="Ready">It can issue now.</param>
/// <param name="Reasons">Why it cannot, a sentence each.</param>
/// <param name="RevocationEpoch">Rises with each committed revocation.</param>
/// <param name="Administration">Who administers, in words.</param>
public sealed record StatusView(
    string Version, string TrustDomain, string PublicUrl, bool Ready, IReadOnlyList<string> Reasons, long Certificates, long RevocationEpoch, long LedgerSize, DateTimeOffset Time, string Administration);

/// <summary>One check of the running appliance.</summary>
public sealed record CheckView(string Name, bool Ok, string Detail);

/// <param name="Healthy">Every check is all right.</param>
public sealed record HealthView(bool Healthy, IReadOnlyList<CheckView> Checks);

/// <summary>A certification authority.</summary>
/// <param name="Serial">Lower-case hexadecimal.</param>
/// <param name="KeyProtection"><c>token</c>, <c>token-wrapped</c> or <c>software</c>; null until the key was opened.</param>
/// <param name="Pem">Its certificate.</param>
public sealed record AuthorityView(
    string Name,
    string Issuer,
    string Subject,
    string Serial,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    string KeyAlgorithm,
    string KeyProvider,
    string KeyLabel,
    string? KeyProtection,
    string Signature,
    AlternativeKeyView? Alternative,
    string Pem);

/// <summary>The second key of a CA that signs twice (X.509 (2019) §9.8).</summary>
public sealed record AlternativeKeyView(string KeyAlgorithm, string KeyProvider, string KeyLabel, string? KeyProtection, string Signature);

public sealed record AuthoritiesView(IReadOnlyList<AuthorityView> Authorities);

/// <summary>A kind of certificate.</summary>
/// <param name="Validity">Seconds.</param>
/// <param name="RelatedCertificates">A request may name another certificate of the agent, which the new one then names too (RFC 9763).</param>
public sealed record ProfileView(
    string Name,
    string Description,
    string Use,
    bool IsDefault,
    IReadOnlyList<string> Labels,
    string Issuer,
    IReadOnlyList<string> Keys,
    long Validity,
    bool Credential,
    string Certificate,
    bool Stranger,
    string Approval,
    bool ServerKeyGeneration,
    bool RelatedCertificates);

public sealed record ProfilesView(IReadOnlyList<ProfileView> Profiles);

public enum CertificateState
{
    Good,
    Revoked,
}

/// <summary>A certificate this appliance issued.</summary>
/// <param name="Agent">The SPIFFE ID; null for the appliance's own.</param>
/// <param name="KeySha256">SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
/// <param name="Requester">Who asked, as the ledger names it.</param>
/// <param name="State">Of the record; a good certificate may have expired.</param>
/// <param name="Pem">Only where one certificate was asked for.</param>
public sealed record CertificateView(
    string Authority,
    string Serial,
    string Profile,
    string? Agent,
    string Subject,
    IReadOnlyList<string> Names,
    string KeySha256,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    DateTimeOffset Issued,
    string Requester,
    CertificateState State,
    DateTimeOffset? RevokedAt,
    RevocationReason? Reason,
    string? Pem);

/// <param name="Next">Where the next page begins (<c>after</c>); null: there is none.</param>
public sealed record CertificatesView(IReadOnlyList<CertificateView> Certificates, string? Next = null);

/// <param name="Revoked">Certificates revoked, held or released by it.</param>
/// <param name="AlreadyRevoked">Of one certificate, or one agent: those that were revoked before; their first time and reason stay.</param>
/// <param name="Epoch">The revocation epoch that contains all of them.</param>
/// <param name="Agents">Agents whose state followed.</param>
/// <param name="BlockedKeys">Keys that are not certified again.</param>
public sealed record RevocationView(long Revoked, long AlreadyRevoked, long Epoch, long Agents, long BlockedKeys);

/// <summary>A number of certificates under one name.</summary>
public sealed record SelectionCountView(string Name, long Certificates);

/// <summary>What a revocation would take.</summary>
/// <param name="AgentsLeftWithout">Agents that would be left without any good certificate: locked out until they enrol again.</param>
/// <param name="NeedsConfirmation">Whether the number of certificates must be confirmed.</param>
/// <param name="ByAuthority">Most first, at most twenty; so the next two.</param>
/// <param name="Sample">The newest of them.</param>
/// <param name="Spared">The appliance's own that meet the conditions: they are left alone, and go only when named one by one.</param>
public sealed record SelectionView(
    long Certificates,
    long Agents,
    long AgentsLeftWithout,
    bool NeedsConfirmation,
    IReadOnlyList<SelectionCountView> ByAuthority,
    IReadOnlyList<SelectionCountView> ByProfile,
    IReadOnlyList<SelectionCountView> ByOwner,
    IReadOnlyList<CertificateView> Sample,
    IReadOnlyList<CertificateView> Spared);

/// <summary>One committed revocation.</summary>
/// <param name="Epoch">Its number, without gaps.</param>
/// <param name="Leaf">Its entry in the ledger.</param>
public sealed record RevocationEventView(long Epoch, RevocationEventKind Kind, RevocationReason Reason, DateTimeOffset Time, long Certificates, string Selector, long Leaf);

public sealed record RevocationEventsView(IReadOnlyList<RevocationEventView> Events);

/// <param name="Profile">Of its first certificate; empty: it has none yet.</param>
/// <param name="Parent">The agent that spawned it; null: none.</param>
/// <param name="SuspendedBy">The rule of the registry that suspended it, if one did.</param>
/// <param name="Profiles">Those it may have certificates of; empty: whichever let it.</param>
/// <param name="Children">Null: whichever profiles let it spawn.</param>
/// <param name="ReviewBy">The day by which it is to be reviewed.</param>
/// <param name="PolicySha256">Of the policy that is registered of it (DER).</param>
/// <param name="Revision">How often what is registered was changed; 0: nobody has described it.</param>
public sealed record AgentView(
    string Id,
    string Owner,
    string Profile,
    AgentState State,
    DateTimeOffset Registered,
    string? Parent,
    SuspensionRule SuspendedBy,
    RiskTier Tier,
    string? Purpose,
    string? Environment,
    IReadOnlyList<string> Profiles,
    ChildRuleView? Children,
    ComponentView? Model,
    ComponentView? Runtime,
    DateOnly? ReviewBy,
    string? PolicySha256,
    int Revision);

/// <param name="Next">Where the next page begins (<c>after</c>); null: there is none.</param>
public sealed record AgentsView(IReadOnlyList<AgentView> Agents, string? Next = null);

/// <param name="MaxUses">Null: any number.</param>
public sealed record CredentialView(
    string Name,
    string Owner,
    IReadOnlyList<string> Profiles,
    string? SubjectPattern,
    int? MaxUses,
    int Uses,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    DateTimeOffset? Revoked);

public sealed record CredentialsView(IReadOnlyList<CredentialView> Credentials);

/// <summary>A new credential. The secret is shown here, once, and kept nowhere.</summary>
public sealed record CreatedCredentialView(CredentialView Credential, string Secret)
{
    /// <summary>The name alone (invariant 8).</summary>
    public override string ToString() => $"CreatedCredentialView {Credential.Name}";
}

public sealed record CredentialRevokedView(string Name);

/// <param name="Request">The PKCS#10 request, PEM; only where one approval was asked for.</param>
public sealed record ApprovalView(
    string Id,
    string Profile,
    string Requester,
    string Summary,
    ApprovalState State,
    DateTimeOffset Created,
    DateTimeOffset NotAfter,
    string? DecidedBy,
    DateTimeOffset? Decided,
    string? Request);

public sealed record ApprovalsView(IReadOnlyList<ApprovalView> Approvals);

/// <param name="Sha256">Of the DER, lower-case hexadecimal.</param>
public sealed record CertificateListView(string Authority, long Number, long Epoch, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, string Sha256);

/// <summary>The ledger's head, unsigned.</summary>
/// <param name="Root">Base64.</param>
public sealed record LedgerHeadView(string LogId, long Epoch, long Size, string Root);

/// <summary>A signed head (C2SP tlog-checkpoint).</summary>
/// <param name="Note">The signed note, to be kept and handed to witnesses.</param>
public sealed record CheckpointView(string Origin, long Size, string Root, string Note);

/// <param name="Kind">Of the entry, as the ledger spells it.</param>
/// <param name="Details">Null once erased.</param>
/// <param name="Leaf">The leaf's binary form, base64.</param>
public sealed record LedgerEntryView(
    long Index, long Epoch, DateTimeOffset Time, LedgerEntryKind Kind, string? Actor, IReadOnlyDictionary<string, string>? Details, bool Erased, string Leaf);

public sealed record LedgerEntriesView(IReadOnlyList<LedgerEntryView> Entries, long Size);

/// <param name="Next">Where the next page begins; null: there is none.</param>
public sealed record LedgerSearchView(IReadOnlyList<LedgerEntryView> Entries, long? Next);

/// <summary>RFC 9162 §2.1.3: the entry is leaf <paramref name="Index"/> of the tree of that size and root. Hashes are base64.</summary>
public sealed record InclusionProofView(long Index, long Size, string LeafHash, IReadOnlyList<string> Proof, string Root);

/// <summary>RFC 9162 §2.1.4: the second tree appends to the first. Hashes are base64.</summary>
public sealed record ConsistencyProofView(long First, long Second, string FirstRoot, string SecondRoot, IReadOnlyList<string> Proof);

/// <summary>RFC 9457 problem details.</summary>
/// <param name="Type"><c>urn:agentpki:problem:…</c></param>
public sealed record ProblemView(string Type, string Title, int Status, string Detail, string CorrelationId);
