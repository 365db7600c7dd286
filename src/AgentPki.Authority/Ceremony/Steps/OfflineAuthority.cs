using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>The parts of an authority that ceremonies use, over an open home: nothing runs in the background, nothing is served.</summary>
internal sealed class OfflineAuthority : IAsyncDisposable
{
    private readonly AuthorityEnvironment _environment;
    private readonly AuthorityMetrics _metrics = new();
    private IssuerDirectory? _issuers;

    private OfflineAuthority(AuthorityEnvironment environment, RevocationClock clock)
    {
        _environment = environment;
        Clock = clock;
        Commits = new CommitWriter(environment.Stores.Commits, environment.Options.Commit, clock, _metrics, environment.Logger<CommitWriter>());
        Keys = new KeyMaker(environment.Providers, environment.Options.KeyPlacement, Commits, environment.Time);
        Maker = new AuthorityMaker(environment.Providers, environment.Options, Commits, environment.Time);
    }

    public AuthorityMetrics Metrics => _metrics;

    public RevocationClock Clock { get; }

    public CommitWriter Commits { get; }

    public KeyMaker Keys { get; }

    public AuthorityMaker Maker { get; }

    public static async ValueTask<OfflineAuthority> OpenAsync(AuthorityEnvironment environment, CancellationToken cancellationToken)
    {
        environment.Options.Validate();
        return new OfflineAuthority(environment, new RevocationClock(await environment.Stores.Certificates.RevocationEpochAsync(cancellationToken)));
    }

    /// <summary>The CAs of the home.</summary>
    public async ValueTask<IssuerDirectory> IssuersAsync(CancellationToken cancellationToken) => _issuers ??=
        await IssuerDirectory.LoadAsync(_environment.Stores.Authorities, _environment.Stores.Certificates, _environment.Providers, _environment.Options, Clock, cancellationToken);

    /// <summary>The CA of that name.</summary>
    /// <exception cref="CeremonyException">There is none.</exception>
    public async ValueTask<Issuer> IssuerAsync(string name, CancellationToken cancellationToken)
    {
        var issuers = await IssuersAsync(cancellationToken);
        return issuers.Find(name) ?? throw new CeremonyException($"There is no CA '{name}' here; there are: {string.Join(", ", issuers.All.Select(i => i.Name))}.");
    }

    /// <summary>A CA's record, or null.</summary>
    public async ValueTask<AuthorityRecord?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await _environment.Stores.Authorities.ListAsync(cancellationToken)).FirstOrDefault(a => a.Name == name);

    public async ValueTask CommitAsync(LedgerEntry entry, params StoreChange[] changes)
    {
        if (await Commits.CommitAsync(new CommitRequest(entry, [.. changes]), CancellationToken.None) is CommitOutcome.Conflict conflict)
        {
            throw new CeremonyException($"The record was not taken: {conflict.Reason}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Commits.DisposeAsync();
        if (_issuers is not null)
        {
            await _issuers.DisposeAsync();
        }

        _metrics.Dispose();
    }
}
