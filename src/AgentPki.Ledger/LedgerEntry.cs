using System.Collections.Immutable;

namespace AgentPki.Ledger;

/// <summary>What happened. The number is what a leaf carries: never reuse one, never change its meaning.</summary>
public enum LedgerEntryKind : ushort
{
    /// <summary>
    /// The first leaf of a log, written by the store that makes the log, and the first of a new epoch after a restore (cites the old head).
    /// Committing another one to a log raises its epoch from that leaf on.
    /// </summary>
    EpochStarted = 1,
    KeyGenerated = 2,
    AuthorityCreated = 3,
    CertificateIssued = 10,
    EnrollmentRefused = 11,
    EnrollmentPending = 12,
    ApprovalDecided = 13,
    /// <summary>Refusals of strangers, and of whoever was over its share, within one interval: counts and a digest, not one leaf each.</summary>
    RefusalsAggregated = 14,
    /// <summary>A signed certificate that was recorded but never released (its commit met a conflict, its caller was refused).</summary>
    CertificateWithheld = 15,
    CertificateRevoked = 20,
    CertificateListIssued = 21,
    /// <summary>An agent was suspended, re-activated or retired.</summary>
    AgentStateChanged = 22,
    /// <summary>Certificates that were held are good again.</summary>
    CertificateReleased = 23,
    /// <summary>An agent got a parent, or lost it.</summary>
    AgentParentChanged = 24,
    CredentialCreated = 30,
    CredentialRevoked = 31,
    /// <summary>An ACME account was made, changed or ended; external account keys are credentials (30, 31).</summary>
    AcmeAccountChanged = 32,
    /// <summary>A challenge was judged, or an authorization given up: which name, and why.</summary>
    AcmeAuthorizationDecided = 33,
    /// <summary>An operator has certificates renewed before their time (RFC 9773), or does not any more.</summary>
    AcmeIncidentChanged = 34,
    AdminRefused = 40,
    ConfigurationChanged = 41,
    ServiceStarted = 42,
    ServiceStopped = 43,
    /// <summary>An officer gave his share of a token's PIN to an appliance that started locked.</summary>
    ShareGiven = 44,
    /// <summary>Tokens that officers open were locked by an administrator.</summary>
    TokensLocked = 45,
    /// <summary>A campaign began: selector, target, share.</summary>
    CampaignStarted = 60,
    /// <summary>A campaign's state or share changed.</summary>
    CampaignChanged = 61,
    /// <summary>Members of a campaign came into another state: their number, and a digest of their names when they are several.</summary>
    CampaignAdvanced = 62,
    /// <summary>One key of a root certified the other (OldWithNew, NewWithOld).</summary>
    RollOverCertificateIssued = 63,
    /// <summary>A CA got a successor, issues through it, goes back, or is done with it: the state says which.</summary>
    AuthoritySuccession = 64,
    /// <summary>A ceremony ended: the digests of its plan, of its last record and of its minutes, and who signed them.</summary>
    CeremonyClosed = 90,
    /// <summary>A key was destroyed in its token.</summary>
    KeyDestroyed = 91,
    /// <summary>Who decides in ceremonies was set or changed: names, keys, quorum.</summary>
    OfficersChanged = 92,
    /// <summary>A CA uses its key in another token, which has the same.</summary>
    AuthorityKeyMoved = 94,
    /// <summary>A CRL that was signed elsewhere is served from now on.</summary>
    CertificateListInstalled = 93,
    /// <summary>Somebody administers from now on: his name, roles and key.</summary>
    AdministratorAdded = 70,
    /// <summary>An administrator has other roles.</summary>
    AdministratorChanged = 71,
    /// <summary>An administrator is none any more, for good.</summary>
    AdministratorRemoved = 72,
    /// <summary>An administrator has a further key.</summary>
    AdministratorKeyBound = 73,
    /// <summary>Something was asked for that waits for a second person: its digest.</summary>
    AdminRequestMade = 74,
    /// <summary>It was approved, rejected, cancelled, or its time was over: <c>decision</c> says which.</summary>
    AdminRequestDecided = 75,
    /// <summary>What became of it: <c>state</c> says whether it was done. What it did has entries of its own, whose <c>correlation</c> is the request's id.</summary>
    AdminRequestExecuted = 76,
    /// <summary>Administrators were made at the machine itself, because there was none who could log in.</summary>
    GovernanceBootstrapped = 77,
    /// <summary>A file of the home (a profile) serves from now on as its digest says.</summary>
    FileApproved = 78,
    /// <summary>An archive of the whole appliance was written.</summary>
    BackupMade = 85,
    /// <summary>A certificate that this log's earlier epoch issued and a restore lost is known again.</summary>
    CertificateAdopted = 86,
    /// <summary>Agents were registered, or what is registered of them was changed: <c>agent</c> (<c>agent.001</c> …) names each, <c>changed</c> what of it, <c>digest</c> the text that was applied.</summary>
    AgentsRegistered = 100,
    /// <summary>An agent was reviewed, and is to be again by <c>to</c>.</summary>
    AgentReviewed = 101,
    /// <summary>An agent was suspended by a rule of the registry: <c>reason</c> says which, <c>digest</c> is that of the rules.</summary>
    AgentSuspendedByRule = 102,
    /// <summary>An owner of agents is known from now on, or described otherwise.</summary>
    OwnerChanged = 103,
    /// <summary>An owner answers for nothing any more.</summary>
    OwnerLeft = 104,
    /// <summary>An owner is back; <c>agents</c> are active again.</summary>
    OwnerReturned = 105,
    /// <summary>Agents belong to another owner.</summary>
    AgentsTransferred = 106,
    /// <summary>The registry's rules are others from now on: their digest.</summary>
    RegistryRulesChanged = 107,
    /// <summary>The registry's rules as they lie in the home cannot serve: those of before do.</summary>
    RegistryRulesRefused = 108,
    /// <summary>Agents of a tier got a date for their review.</summary>
    ReviewsScheduled = 109,
    /// <summary>An agent made a child of less than it has: its grant, and the child's policy.</summary>
    DelegationGranted = 110,
    /// <summary>An agent, and with it everything below it, was limited: <c>agent</c> (<c>agent.001</c> …) names it and then those below, <c>agents</c> how many they are, <c>changed</c> what, <c>digest</c> the text that said so.</summary>
    AgentsLimited = 112,
    /// <summary>What operators limited an agent to does not hold for what it is granted from now on; what it has stays as narrow as it is.</summary>
    AgentLimitsLifted = 113,
    /// <summary>Which processes are which agents, from now on: the digest of the file with the entries, and their number.</summary>
    WorkloadEntriesChanged = 135,
    /// <summary>A workload got a JWT that says who it is: for whom, for how long, its id.</summary>
    WorkloadTokenIssued = 136,
    /// <summary>An agent behaved unusually: <c>detector</c> and <c>reason</c> say how, with the numbers. Nothing was done but said.</summary>
    BehaviourFound = 140,
    /// <summary>An agent behaved unusually and is answered by rule: <c>decision</c> says how, <c>digest</c> is that of the rules. What is done has an entry of its own, of the same <c>correlation</c>.</summary>
    BehaviourAnswered = 141,
    /// <summary>An answer by rule was not given: <c>problem</c> says why. It is for people.</summary>
    BehaviourNotAnswered = 142,
    /// <summary>Other rules of the watch serve from now on: <c>digest</c>.</summary>
    WatchRulesChanged = 143,
    /// <summary>The watch's rules as they lie in the home do not serve; those of <c>digest</c> stay.</summary>
    WatchRulesRefused = 144,
    /// <summary>What is usual for an agent is learnt anew from now on.</summary>
    BehaviourForgotten = 146,
    /// <summary>An answer by rule was taken back by people: <c>response</c> names it; so many <c>certificates</c> (their <c>digest</c>) are good again and <c>agents</c> active again; the narrowing that it was (<c>adjustment</c>) has ended.</summary>
    BehaviourAnswerReverted = 145,
    /// <summary>An OAuth access token was released: its id, for whom, on behalf of whom, for what.</summary>
    TokenIssued = 130,
    /// <summary>An agent was refused an access token.</summary>
    TokenRefused = 131,
    /// <summary>Records of a node's decision log: first, number, the root of their tree (RFC 9162 §2.1), and the last one's hash.</summary>
    DecisionsAnchored = 120,
    /// <summary>An agent was narrowed, or given something more for a time.</summary>
    AgentAdjusted = 121,
    /// <summary>A narrowing or an elevation was ended before its time.</summary>
    AdjustmentEnded = 122,
    /// <summary>The details of an earlier entry were erased; <see cref="LedgerFacts.Leaf"/> says which. Its leaf stands.</summary>
    DetailsErased = 50,
}

/// <summary>
/// One decision as its maker states it, before the writer gives it a place in the log. The leaf carries only a commitment to
/// <see cref="Details"/> (salted SHA-256), so that personal data can be erased from the record without breaking the log.
/// </summary>
/// <param name="Time">When it was decided (UTC, millisecond precision in the leaf).</param>
/// <param name="Actor">Who asked, as authenticated: <c>agent:spiffe://…</c>, <c>credential:NAME</c>, <c>admin:uid=0</c>, <c>stranger</c>, <c>appliance</c>.</param>
/// <param name="Details">Facts, by name, sorted by ordinal name when encoded. Never a secret (invariant 8).</param>
public sealed record LedgerEntry(LedgerEntryKind Kind, DateTimeOffset Time, string Actor, ImmutableSortedDictionary<string, string> Details);
