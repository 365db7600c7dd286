using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Revocation;

namespace AgentPki.Authority.Spiffe;

/// <summary>What the SPIFFE Workload API speaks for: entries, SVIDs, bundles. Silent until it is started.</summary>
public sealed class WorkloadAuthority : IAsyncDisposable
{
    internal WorkloadAuthority(
        AuthorityEnvironment environment, RegistrationAuthority registration, IssuerDirectory issuers, CampaignDirectory campaigns, CertificateListService lists, HelperSigners helpers, CommitWriter commits, AuditTrail audit)
    {
        var (providers, stores, profiles, options, time, _) = environment;
        Directory = new WorkloadDirectory(audit);
        Signal = new WorkloadSignal(Directory, commits.Revocations, issuers, campaigns, time, environment.Logger<WorkloadSignal>());
        Svids = new WorkloadSvids(registration, issuers, stores.Certificates, stores.Agents, commits.Revocations, new SubjectKeyMaker(providers), time, environment.Logger<WorkloadSvids>());
        Tokens = new JwtSvids(new JwtSvidSignerKeeper(profiles, issuers, stores.Certificates, helpers, commits.Revocations, providers, time), stores.Agents, commits.Revocations, audit, providers, time);
        Bundles = new WorkloadBundles(issuers, profiles, lists, options, time, environment.Logger<WorkloadBundles>());
    }

    /// <summary>Which processes are which agents.</summary>
    public WorkloadDirectory Directory { get; }

    /// <summary>Wakes the streams.</summary>
    public WorkloadSignal Signal { get; }

    public WorkloadSvids Svids { get; }

    /// <summary>JWT-SVIDs.</summary>
    public JwtSvids Tokens { get; }

    public WorkloadBundles Bundles { get; }

    public async ValueTask DisposeAsync()
    {
        await Signal.DisposeAsync();
        Svids.Dispose();
        await Tokens.DisposeAsync();
    }
}
