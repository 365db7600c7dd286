using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Protocols.Admin;

/// <summary>How the admin API's bodies are written and read: generated code, no reflection; strict about what it reads.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.Strict,
    MaxDepth = 8,
    Converters =
    [
        typeof(AdminEnum<RevocationReason>), typeof(AdminEnum<RevocationEventKind>), typeof(AdminEnum<AgentState>), typeof(AdminEnum<RiskTier>), typeof(AdminEnum<SuspensionRule>), typeof(AdminEnum<OwnerKind>), typeof(AdminEnum<OwnerState>), typeof(AdminEnum<AgentAction>), typeof(AdminEnum<ApprovalState>), typeof(AdminEnum<CertificateState>), typeof(AdminEnum<LedgerEntryKind>),
        typeof(AdminEnum<CampaignState>), typeof(AdminEnum<MemberState>), typeof(AdminEnum<Retirement>), typeof(AdminEnum<SuccessionState>), typeof(AdminEnum<AcmeAccountState>), typeof(AdminEnum<AdministratorState>), typeof(AdminEnum<AdminRequestState>),
    ])]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(LocksView))]
[JsonSerializable(typeof(BackupView))]
[JsonSerializable(typeof(RecoveryPointView))]
[JsonSerializable(typeof(AdoptionCommand))]
[JsonSerializable(typeof(AdoptionView))]
[JsonSerializable(typeof(AuthoritiesView))]
[JsonSerializable(typeof(ProfilesView))]
[JsonSerializable(typeof(CertificateView))]
[JsonSerializable(typeof(CertificatesView))]
[JsonSerializable(typeof(RevocationView))]
[JsonSerializable(typeof(SelectionView))]
[JsonSerializable(typeof(SelectionCountView))]
[JsonSerializable(typeof(RevocationEventsView))]
[JsonSerializable(typeof(AgentView))]
[JsonSerializable(typeof(AgentsView))]
[JsonSerializable(typeof(ComponentView))]
[JsonSerializable(typeof(ChildRuleView))]
[JsonSerializable(typeof(FieldChangeView))]
[JsonSerializable(typeof(AppliedAgentView))]
[JsonSerializable(typeof(AppliedAgentsView))]
[JsonSerializable(typeof(ExportedAgentsView))]
[JsonSerializable(typeof(AgentNodeView))]
[JsonSerializable(typeof(AgentTreeView))]
[JsonSerializable(typeof(AgentsLimitedView))]
[JsonSerializable(typeof(LimitAgentsCommand))]
[JsonSerializable(typeof(LiftLimitsCommand))]
[JsonSerializable(typeof(OwnerView))]
[JsonSerializable(typeof(OwnersView))]
[JsonSerializable(typeof(OwnerChangedView))]
[JsonSerializable(typeof(AgentsTransferredView))]
[JsonSerializable(typeof(TierRuleView))]
[JsonSerializable(typeof(RegistryRulesView))]
[JsonSerializable(typeof(ApplyAgentsCommand))]
[JsonSerializable(typeof(ReviewAgentCommand))]
[JsonSerializable(typeof(TransferAgentsCommand))]
[JsonSerializable(typeof(PutOwnerCommand))]
[JsonSerializable(typeof(OwnerCommand))]
[JsonSerializable(typeof(ApplyRegistryRulesCommand))]
[JsonSerializable(typeof(TierResponseView))]
[JsonSerializable(typeof(DetectorView))]
[JsonSerializable(typeof(WatchNarrowingView))]
[JsonSerializable(typeof(WatchRulesView))]
[JsonSerializable(typeof(BehaviourForgottenView))]
[JsonSerializable(typeof(ApplyWatchRulesCommand))]
[JsonSerializable(typeof(ForgetBehaviourCommand))]
[JsonSerializable(typeof(CredentialsView))]
[JsonSerializable(typeof(CreatedCredentialView))]
[JsonSerializable(typeof(CredentialRevokedView))]
[JsonSerializable(typeof(AcmeKeysView))]
[JsonSerializable(typeof(CreatedAcmeKeyView))]
[JsonSerializable(typeof(AcmeKeyRevokedView))]
[JsonSerializable(typeof(AcmeAccountView))]
[JsonSerializable(typeof(AcmeAccountsView))]
[JsonSerializable(typeof(CreateAcmeKeyCommand))]
[JsonSerializable(typeof(AcmeIncidentView))]
[JsonSerializable(typeof(AcmeIncidentsView))]
[JsonSerializable(typeof(OpenAcmeIncidentCommand))]
[JsonSerializable(typeof(ApprovalView))]
[JsonSerializable(typeof(ApprovalsView))]
[JsonSerializable(typeof(CampaignView))]
[JsonSerializable(typeof(CampaignsView))]
[JsonSerializable(typeof(CampaignPlanView))]
[JsonSerializable(typeof(CampaignChangeView))]
[JsonSerializable(typeof(CampaignMembersView))]
[JsonSerializable(typeof(CampaignCommand))]
[JsonSerializable(typeof(CampaignShareCommand))]
[JsonSerializable(typeof(SuccessionsView))]
[JsonSerializable(typeof(SuccessionChangeView))]
[JsonSerializable(typeof(SuccessionPlanView))]
[JsonSerializable(typeof(SuccessionCommand))]
[JsonSerializable(typeof(CertificateListView))]
[JsonSerializable(typeof(LedgerHeadView))]
[JsonSerializable(typeof(CheckpointView))]
[JsonSerializable(typeof(LedgerEntryView))]
[JsonSerializable(typeof(LedgerEntriesView))]
[JsonSerializable(typeof(LedgerSearchView))]
[JsonSerializable(typeof(InclusionProofView))]
[JsonSerializable(typeof(ConsistencyProofView))]
[JsonSerializable(typeof(ProblemView))]
[JsonSerializable(typeof(RevokeCommand))]
[JsonSerializable(typeof(SetAgentStateCommand))]
[JsonSerializable(typeof(SetAgentParentCommand))]
[JsonSerializable(typeof(CreateCredentialCommand))]
[JsonSerializable(typeof(CallerView))]
[JsonSerializable(typeof(AdministratorView))]
[JsonSerializable(typeof(AdministratorsView))]
[JsonSerializable(typeof(AdministratorCertificateView))]
[JsonSerializable(typeof(AdminRequestView))]
[JsonSerializable(typeof(AdminRequestsView))]
[JsonSerializable(typeof(ProfileAppliedView))]
[JsonSerializable(typeof(PoliciesView))]
[JsonSerializable(typeof(PolicyAppliedView))]
[JsonSerializable(typeof(AdjustmentView))]
[JsonSerializable(typeof(WatchStatusView))]
[JsonSerializable(typeof(WatchResponseView))]
[JsonSerializable(typeof(WatchResponsesView))]
[JsonSerializable(typeof(WatchResponseDetailsView))]
[JsonSerializable(typeof(WatchRevertedView))]
[JsonSerializable(typeof(AdjustmentsView))]
[JsonSerializable(typeof(ApplyPolicyCommand))]
[JsonSerializable(typeof(AdjustmentCommand))]
[JsonSerializable(typeof(AddAdministratorCommand))]
[JsonSerializable(typeof(SetAdministratorRolesCommand))]
[JsonSerializable(typeof(AdministratorCertificateCommand))]
[JsonSerializable(typeof(ApproveRequestCommand))]
[JsonSerializable(typeof(RejectRequestCommand))]
[JsonSerializable(typeof(ApplyProfileCommand))]
public sealed partial class AdminJson : JsonSerializerContext;

/// <summary>Enumerations as camel-case words, never as numbers.</summary>
public sealed class AdminEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
