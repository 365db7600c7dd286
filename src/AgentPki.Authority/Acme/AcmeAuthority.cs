using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Acme;

/// <summary>The ACME side of one authority: its parts, written out. The wire is the business of Protocols.</summary>
public sealed class AcmeAuthority : IAsyncDisposable
{
    private const int PruneLimit = 1000;
    private readonly ChallengeJudge _judge;
    private readonly IAcmeStore _store;
    private readonly ICertificateStore _certificates;
    private readonly IssuerDirectory _issuers;
    private readonly CommitWriter _commits;
    private readonly TimeSpan _approvalLifetime;
    private readonly TimeProvider _time;

    internal AcmeAuthority(AuthorityEnvironment environment, RegistrationAuthority registration, RevocationService revocations, IssuerDirectory issuers, CampaignDirectory campaigns, CommitWriter commits, AuditTrail audit)
    {
        var (_, stores, profiles, authorityOptions, time, _) = environment;
        Options = authorityOptions.Acme;
        _approvalLifetime = authorityOptions.ApprovalLifetime;
        (_store, _certificates, _issuers, _commits, _time) = (stores.Acme, stores.Certificates, issuers, commits, time);
        var names = new AcmeNames(new AgentNaming(authorityOptions.TrustDomain));
        var challenges = new AcmeChallenges(environment.ChallengeValidators);
        Accounts = new AcmeAccounts(_store, _certificates, commits, audit, Options, time);
        ExternalKeys = new AcmeExternalKeys(_store, commits, audit, profiles, environment.Wrapper, time);
        Incidents = new AcmeIncidents(_store, commits, audit, profiles, issuers, time);
        Renewals = new AcmeRenewals(_store, _certificates, issuers, campaigns, Incidents, profiles, Options, time);
        var finalization = new AcmeFinalization(names, registration, issuers, profiles, environment.Caa, _store, commits, audit, authorityOptions, time);
        Orders = new AcmeOrders(names, challenges, finalization, profiles, _store, commits, Renewals, Options, time);
        _judge = new ChallengeJudge(challenges, Accounts, _store, commits, Options, time, environment.Logger<ChallengeJudge>());
        Authorizations = new AcmeAuthorizations(challenges, _judge, _store, commits, time);
        Revocations = new AcmeRevocations(revocations, names, _store, _certificates, issuers, time);
    }

    public AcmeOptions Options { get; }

    public AcmeAccounts Accounts { get; }

    public AcmeExternalKeys ExternalKeys { get; }

    public AcmeOrders Orders { get; }

    public AcmeAuthorizations Authorizations { get; }

    public AcmeRenewals Renewals { get; }

    public AcmeIncidents Incidents { get; }

    public AcmeRevocations Revocations { get; }

    /// <summary>The certificate of a finished order of that account, and its chain; null: there is none.</summary>
    public async ValueTask<(Certificate Certificate, IReadOnlyList<IReadOnlyList<Certificate>> Chains)?> FindCertificateAsync(AcmeAccount account, string orderId, CancellationToken cancellationToken)
    {
        if (!AcmeId.IsValid(orderId) || await _store.FindOrderAsync(orderId, cancellationToken) is not { Certificate: { } found } order || order.AccountId != account.Id
            || await _certificates.FindAsync(found.Authority, found.Serial, cancellationToken) is not { } stored)
        {
            return null;
        }

        return (Certificate.Parse(stored.Certificate.Der), _issuers.ChainsOf(found.Authority, _time.GetUtcNow()));
    }

    /// <summary>Looks at challenges that were answered before a restart or a failure, and removes what ended long ago.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot work now.</exception>
    internal async ValueTask MaintainAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await _judge.ResumeAsync(now - TimeSpan.FromMinutes(2), cancellationToken);
        await _commits.CommitAsync(new CommitRequest(null, [new StoreChange.PruneAcme(now - Options.Retention, now - Options.Retention - _approvalLifetime, PruneLimit)]), cancellationToken);
    }

    /// <summary>Goes on with every challenge that was answered, and with open incidents: before the first request is taken.</summary>
    internal async ValueTask ResumeAsync(CancellationToken cancellationToken)
    {
        await Incidents.ReloadAsync(cancellationToken);
        await _judge.ResumeAsync(DateTimeOffset.MaxValue, cancellationToken);
    }

    public ValueTask DisposeAsync() => _judge.DisposeAsync();
}
