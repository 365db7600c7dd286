using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Composition;

/// <summary>The stores an authority works on; usually one object.</summary>
public sealed record AuthorityStores(
    ICommitStore Commits,
    IAuthorityStore Authorities,
    ICertificateStore Certificates,
    IAgentStore Agents,
    ICredentialStore Credentials,
    IApprovalStore Approvals,
    ICertificateListStore CertificateLists,
    ICampaignStore Campaigns,
    ILedgerStore Ledger)
{
    /// <summary>All of them from one object.</summary>
    public static AuthorityStores Of<T>(T store)
        where T : class, ICommitStore, IAuthorityStore, ICertificateStore, IAgentStore, ICredentialStore, IApprovalStore, ICertificateListStore, ICampaignStore, ILedgerStore =>
        new(store, store, store, store, store, store, store, store, store);
}

/// <summary>Everything an authority is built from.</summary>
public sealed record AuthorityEnvironment(CryptoProviders Providers, AuthorityStores Stores, ProfileCatalog Profiles, AuthorityOptions Options, TimeProvider Time, ILoggerFactory Loggers)
{
    internal ILogger<T> Logger<T>() => Loggers.CreateLogger<T>();
}
