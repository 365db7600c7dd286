namespace AgentPki.Authority.Store;

/// <summary>The texts of <see cref="CommitOutcome.Conflict.Reason"/>: one wording for every engine.</summary>
public static class ConflictReasons
{
    public static string AuthorityExists(string name) => $"A certification authority named {name} exists already.";

    public static string AuthorityUnknown(string name) => $"There is no certification authority named {name}.";

    public static string SerialExists(string authority, ReadOnlySpan<byte> serial) => $"{authority} has issued serial {Convert.ToHexStringLower(serial)} already.";

    public static string CertificateUnknown(string authority, ReadOnlySpan<byte> serial) => $"{authority} never issued serial {Convert.ToHexStringLower(serial)}.";

    public static string CertificateNotGood(string authority, ReadOnlySpan<byte> serial) => $"Serial {Convert.ToHexStringLower(serial)} of {authority} is revoked or held.";

    public static string AgentUnknown(string agentId) => $"There is no agent {agentId}.";

    public static string AgentNotActive(string agentId) => $"Agent {agentId} is not active.";

    public static string AgentOfAnotherOwner(string agentId) => $"Agent {agentId} belongs to another owner.";

    public static string KeyOfAnotherAgent => "The public key is bound to another agent: every agent needs a key of its own.";

    public static string KeyIsBlocked(RevocationReason reason) => $"The public key is not certified again: a certificate over it was revoked ({reason}). Make a new key.";

    /// <summary>Whether a reason is <see cref="KeyIsBlocked"/>.</summary>
    public static bool SaysKeyIsBlocked(string reason) => Enum.GetValues<RevocationReason>().Any(why => reason == KeyIsBlocked(why));

    public static string AgentsParentOfAnotherOwner(string agentId) => $"Agent {agentId} and its parent belong to different owners.";

    public static string AgentsOwnAncestor(string agentId) => $"Agent {agentId} would be its own ancestor.";

    public static string AgentHasNoMoreChildren(string parentId, string agentId) => $"Agent {parentId} may not have {agentId} for a child: the registry says which it may have, and how many.";

    public static string AgentRegistered(string agentId) => $"Agent {agentId} was registered at the same moment.";

    public static string AgentMoved(string agentId) => $"What is registered of agent {agentId} was changed at the same moment.";

    public static string AgentRetired(string agentId) => $"Agent {agentId} is retired.";

    public static string AgentNotDue(string agentId) => $"Agent {agentId} gives the rule no reason any more.";

    public static string NothingToSchedule => "Every agent of that tier has a date for its review.";

    public static string AgentHasParent(string agentId) => $"Agent {agentId} has a parent: it goes to another owner together with that, or after 'agentpki agent set-parent' without one.";

    public static string OwnerUnknown(string name) => $"There is no owner {name}.";

    public static string OwnerLeft(string name) => $"Owner {name} has left: another answers for agents.";

    public const string GrantKnown = "The grant was recorded before.";

    public const string GrantUsed = "The child of the grant was enrolled by its parent already.";

    public static string AgentPolicyMoved(string agentId) => $"The policy of agent {agentId} was changed at the same moment.";

    public static string KeyIsHalf => "The public key is half of a composite key and is used nowhere else.";

    public static string HalfIsKey => "Half of the composite key is a key of its own, or half of another composite.";

    public static string CredentialExists(string name) => $"An enrolment credential named {name} exists already.";

    public static string CredentialUnknown(string name) => $"There is no enrolment credential named {name}.";

    public static string CredentialRevoked(string name) => $"Enrolment credential {name} is revoked.";

    public static string CredentialSpent(string name) => $"Enrolment credential {name} has no use left.";

    public static string ApprovalExists => "This request is parked already.";

    public static string ApprovalUnknown(string id) => $"There is no parked request {id}.";

    public static string ApprovalMoved(string id, ApprovalState from) => $"Parked request {id} is not {from} any more.";

    public static string CertificateListNotNewer(string authority, long number) => $"CRL number {number} of {authority} is not greater than the last one.";

    public static string SuccessionExists(string authority) => $"Certification authority {authority} has a successor already.";

    public static string SuccessionMoved(string authority, SuccessionState from) => $"The succession of certification authority {authority} is not {from} any more.";

    public static string CampaignExists(string name) => $"A campaign named {name} exists already.";

    public static string CampaignUnknown(string name) => $"There is no campaign named {name}.";

    public static string CampaignMoved(string name, CampaignState from) => $"Campaign {name} is not {from} any more.";

    public static string MemberOfAnotherCampaign(string agentId) => $"Another campaign that is not over has agent {agentId}.";

    public static string MemberMoved(string campaign, string agentId) => $"Agent {agentId} is not where campaign {campaign} expected it.";

    public static string AcmeExternalKeyExists(string id) => $"An external account key {id} exists already.";

    public static string AcmeExternalKeyUnknown(string id) => $"There is no external account key {id}.";

    public static string AcmeExternalKeyRevoked(string id) => $"External account key {id} is revoked.";

    public static string AcmeExternalKeySpent(string id) => $"External account key {id} has no account left.";

    public static string AcmeAccountExists => "The key has an ACME account already.";

    public static string AcmeAccountNotValid(string id) => $"There is no valid ACME account {id}.";

    public static string AcmeAuthorizationForeign(string id) => $"The account has no ACME authorization {id}.";

    public static string AcmeAuthorizationMoved(string id) => $"ACME authorization {id} is not where this step expected it.";

    public static string ProofSpent => "A proof that is good once was used before.";

    public static string AcmeOrderExists(string id) => $"An ACME order {id} exists already.";

    public static string AcmeOrderMoved(string id) => $"ACME order {id} is not where this step expected it.";

    public static string AcmeAlreadyReplaced(string certificate) => $"Another ACME order replaces certificate {certificate} already.";

    public static string AcmeIncidentExists(string id) => $"An ACME incident {id} exists already.";

    public static string AcmeIncidentNotOpen(string id) => $"There is no open ACME incident {id}.";

    public static string FeedStatementNotNewer(long sequence) => $"The revocation feed has spoken of event {sequence} or a later one already.";

    public static string AdministratorExists(string name) => $"An administrator named {name}, or by a name that looks like it, is there or was.";

    public static string AdministratorKeyTaken => "The key is, or was, another administrator's: every administrator needs keys of his own.";

    public static string AdministratorNotActive(string name) => $"There is no active administrator {name}.";

    public static string AdminRequestExists(string id) => $"A request {id} exists already.";

    public static string AdminRequestMoved(string id, Governance.AdminRequestState from) => $"Request {id} is unknown, or no longer {from.ToString().ToLowerInvariant()}.";

    public static string BackupExists(string id) => $"There is a backup {id} already.";

    public static string LeafUnknown(long index) => $"The ledger has no entry {index}.";

    public static string AdjustmentExists(string id) => $"Adjustment {id} exists already.";

    public static string AdjustmentEnded(string id) => $"Adjustment {id} is unknown, or has ended.";

    public static string WatchResponseExists(string id) => $"Response {id} exists already.";

    public static string WatchResponseUnknown(string id) => $"There is no response {id}.";

    public static string WatchResponseNotBegun(string id) => $"Response {id} is unknown, or has come to its end.";

    public static string WatchResponseNotDone(string id) => $"Response {id} was not done: there is nothing to take back.";

    public static string WatchResponseReverted(string id) => $"Response {id} was taken back already.";

    public static string BudgetSpent(string agent, string unit) => $"{agent} has not enough {unit} left.";
}
