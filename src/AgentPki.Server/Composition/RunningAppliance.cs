using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Recovery;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Ledger;
using AgentPki.Server.Cli;
using AgentPki.Server.Hosting;
using AgentPki.Server.Recovery;

namespace AgentPki.Server.Composition;

/// <summary>
/// One appliance that serves: authority, TLS certificate, listeners, in the order in which they are started. Disposing ends them in reverse:
/// running requests first, then the last batch and the last checkpoint.
/// </summary>
public sealed class RunningAppliance : IAsyncDisposable
{
    private readonly ApplianceParts _parts;
    private readonly ApplianceEndpoints _endpoints;
    private readonly ApplianceHost _host;
    private readonly AuthorityFollowers _followers;
    private readonly CancellationTokenSource _stopping = new();
    private readonly IReadOnlyList<Task> _keepingTls;
    private readonly RecoveryDesk _recovery;
    private readonly DecisionAuthority _decisions;
    private readonly ILogger _logger;

    private RunningAppliance(
        ApplianceParts parts, AuthorityServices authority, RecoveryDesk recovery, DecisionAuthority decisions, ApplianceEndpoints endpoints, ApplianceHost host, AuthorityFollowers followers, ILogger logger)
    {
        _decisions = decisions;
        (_parts, Authority, _recovery, _endpoints, _host, _followers, _logger) = (parts, authority, recovery, endpoints, host, followers, logger);
        _keepingTls = followers.Keep(_stopping.Token);
    }

    public AuthorityServices Authority { get; }

    /// <summary>Whether the TLS certificate was issued at this start.</summary>
    public bool TlsIsNew => _followers.Tls.IsNew;

    /// <exception cref="CommandException">It cannot serve; the message says why and what to do.</exception>
    public static async Task<RunningAppliance> StartAsync(ApplianceParts parts, CommandContext context, CancellationToken cancellationToken)
    {
        var loggers = parts.Environment.Loggers;
        await ApplianceRecovery.RequireNotSupersededAsync(parts, cancellationToken);
        var authority = await StartAuthorityAsync(parts, cancellationToken);
        RecoveryDesk? recovery = null;
        DecisionAuthority? decisions = null;
        try
        {
            // First of all: what is committed from here on is shipped.
            recovery = ApplianceRecovery.Start(parts, authority, await FindCheckpointKeyAsync(parts, cancellationToken), context.Variable, context.Clock);
            var followers = await AuthorityFollowers.StartAsync(parts, authority, context.Clock, cancellationToken);
            await authority.Audit.RecordAsync(LedgerEntryKind.ServiceStarted, AuditTrail.Appliance, Details(parts), cancellationToken);
            await authority.Feed.StartAsync(cancellationToken);
            decisions = await Decider.StartAsync(parts, authority, context.Clock, cancellationToken);
            var endpoints = new ApplianceEndpoints(parts, authority, recovery, decisions, followers, context);
            await endpoints.ResumeAsync(cancellationToken);
            var host = await ApplianceHost.StartAsync(parts.Home, parts.Options, followers.Tls.Serving, endpoints.Configure, endpoints.Map, loggers, cancellationToken);
            return new RunningAppliance(parts, authority, recovery, decisions, endpoints, host, followers, loggers.CreateLogger<RunningAppliance>());
        }
        catch (Exception error)
        {
            await (decisions?.DisposeAsync() ?? ValueTask.CompletedTask);
            await authority.DisposeAsync();
            await (recovery?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw Explain(error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Log.Stopping(_logger);
        await _stopping.CancelAsync();
        await Authority.Feed.StopAsync(); // its streams end, or the host would wait for them
        await _host.DisposeAsync();
        await _endpoints.DisposeAsync();
        await _decisions.DisposeAsync(); // anchors what was decided last
        await Task.WhenAll(_keepingTls);
        _followers.Dispose();
        try
        {
            await Authority.Audit.RecordAsync(LedgerEntryKind.ServiceStopped, AuditTrail.Appliance, Details(_parts), CancellationToken.None);
        }
        catch (StoreUnavailableException error)
        {
            Log.StopNotRecorded(_logger, error);
        }

        await Authority.DisposeAsync();
        await _recovery.DisposeAsync(); // ships what the last batch and the last checkpoint were
        _stopping.Dispose();
        Log.Stopped(_logger);
    }

    /// <summary>The authority alone, without listeners.</summary>
    /// <exception cref="CommandException">It cannot start; the message says why and what to do.</exception>
    internal static async Task<AuthorityServices> StartAuthorityAsync(ApplianceParts parts, CancellationToken cancellationToken)
    {
        try
        {
            var authorities = await parts.Environment.Stores.Authorities.ListAsync(cancellationToken);
            if (authorities.Count == 0)
            {
                throw new CommandException(ExitCodes.Usage, "This home has no CA yet.", "Run 'agentpki ceremony --development' first, or 'agentpki up'.");
            }

            await RefuseSoftwareKeysAsync(parts, authorities, cancellationToken);
            await MirroredKeys.RequireSameAsync(parts, authorities, cancellationToken);
            await RefuseUnapprovedAsync(parts, cancellationToken);
            return await AuthorityServices.StartAsync(parts.Environment, await FindCheckpointKeyAsync(parts, cancellationToken), cancellationToken);
        }
        catch (Exception error) when (error is ProfileException or StoreUnavailableException or KeyUnavailableException or InvalidOperationException)
        {
            throw Explain(error);
        }
    }

    private static async Task<KeyReference> FindCheckpointKeyAsync(ApplianceParts parts, CancellationToken cancellationToken)
    {
        var label = CeremonyOptions.CheckpointLabel(parts.Options.KeyPrefix);
        try
        {
            await using var key = await KeySearch.FindAsync(parts.Providers, label, null, cancellationToken)
                ?? throw new InvalidOperationException($"No token has the key '{label}' that signs the ledger's checkpoints: the ceremony was cut short, or the token is another home's.");
            return key.Reference;
        }
        catch (KeyUnavailableException away) when (parts.Tokens.Mirrored.FirstOrDefault(m => !m.First.IsHealthy) is { } pair)
        {
            // Checkpoints wait until it is back; certificates do not.
            Log.CheckpointKeyAway(parts.Environment.Loggers.CreateLogger<RunningAppliance>(), label, away.Message);
            return new KeyReference(pair.Name, label);
        }
    }

    /// <summary>A CA key in process memory is refused outside development (design: key protection, level 3).</summary>
    private static async Task RefuseSoftwareKeysAsync(ApplianceParts parts, IReadOnlyList<AuthorityRecord> authorities, CancellationToken cancellationToken)
    {
        if (parts.Options.Development)
        {
            return;
        }

        foreach (var (name, key) in authorities.SelectMany(a => new[] { (a.Name, (KeyReference?)a.Key), (a.Name, a.Alternative?.Key) }))
        {
            if (key is not null && parts.Providers.Find(key.Provider) is { Protection: KeyProtection.Software } provider && await IsSoftAsync(provider, key, cancellationToken))
            {
                throw new CommandException(ExitCodes.Usage, $"The key of CA '{name}' lies in software ({key.Provider}).", "Hold a ceremony with a token; software keys serve with --dev only.");
            }
        }
    }

    // A composite is kept as its halves are.
    private static async Task<bool> IsSoftAsync(ICryptoProvider provider, KeyReference reference, CancellationToken cancellationToken)
    {
        if (provider is not CompositeProvider)
        {
            return true;
        }

        await using var key = await provider.OpenAsync(reference.Label, cancellationToken);
        return key is { Protection: KeyProtection.Software };
    }

    /// <summary>Outside of development profiles serve only as a second person approved them.</summary>
    private static async Task RefuseUnapprovedAsync(ApplianceParts parts, CancellationToken cancellationToken)
    {
        if (parts.Options.Development)
        {
            return;
        }

        var approved = await parts.Environment.Stores.Governance.ListApprovedFilesAsync(cancellationToken);
        var differences = ApprovedFiles.Differences([.. approved.Where(ProfileFiles.IsProfile)], ProfileFiles.ReadAll(parts.Home));
        if (differences.Count > 0)
        {
            throw new CommandException(
                ExitCodes.Usage,
                $"The profiles in {parts.Home.Profiles} are not what was approved: {string.Join("; ", differences)}.",
                "Put back what was approved with 'agentpki profile restore', serve again, and ask for the change with 'agentpki profile apply FILE'.");
        }
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Details(ApplianceParts parts) =>
        System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty
            .Add("version", VersionText.Number)
            .Add("development", parts.Options.Development ? "true" : "false")
            .Add("configuration.sha256", ApprovedFiles.DigestOf(File.ReadAllBytes(parts.Home.ConfigurationFile)));

    private static Exception Explain(Exception error) => error switch
    {
        ProfileException profiles => new CommandException(ExitCodes.Usage, $"The profiles are wrong: {string.Join("; ", profiles.Errors)}.", "Correct them; 'agentpki profile check' checks again.", error),
        StoreUnavailableException => new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' checks the database.", error),
        KeyUnavailableException => new CommandException(ExitCodes.Environment, $"The token cannot be used: {error.Message}", "Type 'agentpki doctor'.", error),
        IOException => new CommandException(ExitCodes.Environment, $"The listeners could not be opened: {error.Message}", "Choose other ports with AGENTPKI_HTTPS_PORT and AGENTPKI_HTTP_PORT.", error),
        InvalidOperationException => new CommandException(ExitCodes.Environment, error.Message, "Type 'agentpki doctor'.", error),
        _ => error,
    };
}
