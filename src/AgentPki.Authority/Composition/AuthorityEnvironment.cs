using AgentPki.Agents;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Composition;

/// <summary>The stores an authority works on; usually one object.</summary>
public sealed record AuthorityStores(
    ICommitStore Commits,
    IAuthorityStore Authorities,
    ICertificateStore Certificates,
    IRevocationStore Revocations,
    IFeedStore Feed,
    IAgentStore Agents,
    ICredentialStore Credentials,
    IApprovalStore Approvals,
    ICertificateListStore CertificateLists,
    ICampaignStore Campaigns,
    IAcmeStore Acme,
    ILedgerStore Ledger,
    IGovernanceStore Governance,
    IGrantStore Grants,
    IDecisionStore Decisions,
    IWatchStore Watch)
{
    /// <summary>All of them from one object.</summary>
    public static AuthorityStores Of<T>(T store)
        where T : class, ICommitStore, IAuthorityStore, ICertificateStore, IRevocationStore, IFeedStore, IAgentStore, ICredentialStore, IApprovalStore, ICertificateListStore, ICampaignStore, IAcmeStore, ILedgerStore, IGovernanceStore, IGrantStore, IDecisionStore, IWatchStore =>
        new(store, store, store, store, store, store, store, store, store, store, store, store, store, store, store, store);
}

/// <summary>Everything an authority is built from.</summary>
public sealed record AuthorityEnvironment(CryptoProviders Providers, AuthorityStores Stores, ProfileCatalog Profiles, AuthorityOptions Options, TimeProvider Time, ILoggerFactory Loggers)
{
    /// <summary>Encrypts small secrets of the store (external account keys of ACME) under a key of the token; null: there is none, and no such secret can be made.</summary>
    public IKeyWrapper? Wrapper { get; init; }

    /// <summary>Where CRLs are kept; null: nowhere, each start signs them anew.</summary>
    public string? CertificateListFolder { get; init; }

    /// <summary>How names are proven over ACME, in the order in which clients are offered them.</summary>
    public IReadOnlyList<IChallengeValidator> ChallengeValidators { get; init; } = [];

    /// <summary>Asked before a profile with <c>names: caa: true</c> issues over ACME; null: such profiles issue nothing over ACME.</summary>
    public ICaaChecker? Caa { get; init; }

    /// <summary>Who cosigns the ledger's heads; none unless configured.</summary>
    public IReadOnlyList<Witnessing.IWitness> Witnesses { get; init; } = [];

    /// <summary>The label of the ML-DSA-44 key that signs checkpoints beside the first one, where some provider has it; null: none is looked for.</summary>
    public string? SecondCheckpointLabel { get; init; }

    /// <summary>Where the rules of the registry lie; null: nowhere, and what is built in serves.</summary>
    public IRulesFile? RegistryRules { get; init; }

    /// <summary>Where it lies how agents are watched, and what is done about what is found; null: nowhere, and what is built in serves.</summary>
    public IRulesFile? WatchRules { get; init; }

    /// <summary>Tells somebody outside of what the watch finds; null: nobody.</summary>
    public Watching.Webhook.IWatchAlerts? Alerts { get; init; }

    /// <summary>The file in which what was learnt of agents' behaviour outlives a restart; null: it is learnt anew.</summary>
    public string? BehaviourMemory { get; init; }

    /// <summary>What an agent may do by itself, at most: its access tokens lie within each of these. Null: what its certificate says and what is registered of it.</summary>
    public Func<AgentRecord, Certificate, IReadOnlyList<AgentPolicy>>? BoundsOf { get; init; }

    internal ILogger<T> Logger<T>() => Loggers.CreateLogger<T>();
}
