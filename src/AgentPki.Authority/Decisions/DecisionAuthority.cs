using System.Globalization;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Decisions.Receipts;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Decisions;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions;

/// <summary>All that decides actions over one running authority: its object graph, and what goes on beside the questions (policies looked at again, records anchored).</summary>
public sealed class DecisionAuthority : IAsyncDisposable
{
    private static readonly TimeSpan PolicyInterval = TimeSpan.FromSeconds(1);
    private readonly AuthorityServices _authority;
    private readonly DecisionMetrics _metrics;
    private readonly AgentStatus _status;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _anchoring = new(1, 1);
    private Task _running = Task.CompletedTask;

    private DecisionAuthority(AuthorityServices authority, DecisionOptions options, CryptoProviders providers, IPolicyFolder folder, bool wantsApproval, DecisionJournal journal, TimeProvider time, ILogger logger)
    {
        (_authority, Options, Journal, _time, _logger) = (authority, options, journal, time, logger);
        Policies = new PolicyKeeper(folder, authority.Stores.Governance, wantsApproval, logger);
        Receipts = new ReceiptKeys(options, providers, new KeyMaker(providers, authority.Options.KeyPlacement, authority.Commits, time), time, logger);
        _metrics = new DecisionMetrics(() => Policies.Problem is null, () => journal.Unanchored);
        _status = new AgentStatus(authority.Stores.Certificates, authority.Stores.Agents, authority.Issuers, authority.Commits.Revocations, authority.Options.AgentPolicyOid, options.CachedCertificates, time);
        Decisions = new DecisionService(_status, Policies, Adjustments, new BehaviourCounters(options.CountedAgents, time), authority.Behaviour, journal, authority.Commits, authority.RegistryRules, _metrics, time, logger);
    }

    public DecisionOptions Options { get; }

    public DecisionService Decisions { get; }

    public PolicyKeeper Policies { get; }

    public AdjustmentService Adjustments => _authority.Adjustments;

    public ReceiptKeys Receipts { get; }

    public DecisionJournal Journal { get; }

    /// <summary>What an operator should know, a sentence each, safe to show to anybody; empty: all is well.</summary>
    public IReadOnlyList<string> Remarks =>
    [
        .. Policies.Problem is null ? (string[])[] : ["the policies in the folder are not in force; 'agentpki policy list' says why"],
        .. Journal.Problem is null ? (string[])[] : ["decisions cannot be written down, so that everything is denied; the log says why"],
    ];

    /// <exception cref="IOException">The decision log cannot be opened.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public static async Task<DecisionAuthority> StartAsync(
        AuthorityServices authority, DecisionOptions options, CryptoProviders providers, IPolicyFolder folder, bool wantsApproval, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<DecisionAuthority>();
        var journal = await DecisionJournal.OpenAsync(options.Journal, logger, cancellationToken);
        var started = new DecisionAuthority(authority, options, providers, folder, wantsApproval, journal, time, logger);
        try
        {
            await started.Policies.RefreshAsync(cancellationToken);
            started._running = Task.WhenAll(
                started.RepeatAsync(PolicyInterval, started.Policies.RefreshAsync),
                started.RepeatAsync(options.AnchorInterval, started.AnchorAsync));
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Who asks, if he may: an agent's certificate that is good now, of a profile or a path that may.</summary>
    /// <returns>His SPIFFE ID; or why not, and whether that is for want of a good certificate.</returns>
    public async ValueTask<(string? Asker, string? WhyNot, bool IsKnown)> AuthenticateAsync(Certificate certificate, CancellationToken cancellationToken) =>
        await _status.FindAsync(null, new NamedCertificate.Whole(certificate.Der), cancellationToken) switch
        {
            AgentStanding.NotGood { Reason: var reason } => (null, reason, false),
            AgentStanding.Good({ Id: var id, Profile: var profile }, _) when !Options.MayAsk(id, profile) =>
                (null, $"{id} may not ask for decisions about others: only agents under {string.Join(", ", Options.Callers)} may", true),
            AgentStanding.Good({ Id: var id }, _) => (id, null, true),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    /// <summary>The receipt of answers that go out together; null: the key cannot sign now, or none are made here.</summary>
    public ValueTask<string?> TryCertifyAsync(IReadOnlyList<AnsweredCall> answers, string? nonce, CancellationToken cancellationToken)
    {
        var first = answers[0];
        var at = DateTimeOffset.FromUnixTimeSeconds(first.Time.ToUnixTimeSeconds());
        return Receipts.TrySignAsync(
            new DecisionStatement(
                Options.Issuer, first.Call.Asker, at, at + Options.ReceiptLifetime, nonce, Journal.Node, answers.Min(a => a.Cursor), first.PoliciesSha256,
                [.. answers.Select(a => new DecidedAction(a.Id, Convert.ToHexStringLower(a.Call.RequestSha256.Span), a.Call.SubjectId, a.CertificateSha256, a.Call.Action, a.Call.Resource, a.Decision.IsPermitted, [.. a.Decision.Reasons.Select(JournalRecord.Of)])
                {
                    OfflineUntil = a.Decision is { IsPermitted: true, Offline.Ticks: > 0 } ? at + a.Decision.Offline : null,
                })]),
            cancellationToken);
    }

    /// <summary>Puts what was decided since the last time into the ledger, as one entry.</summary>
    public async ValueTask AnchorAsync(CancellationToken cancellationToken)
    {
        await _anchoring.WaitAsync(cancellationToken);
        try
        {
            if (Journal.FindUnanchored() is not { } batch)
            {
                return;
            }

            var entry = new LedgerEntry(LedgerEntryKind.DecisionsAnchored, _time.GetUtcNow(), AuditTrail.Appliance, AuditDetails.Of(
                (AuditDetails.Node, Journal.Node),
                (AuditDetails.First, batch.First.ToString(CultureInfo.InvariantCulture)),
                (AuditDetails.Records, batch.Count.ToString(CultureInfo.InvariantCulture)),
                (AuditDetails.Root, batch.Root.ToString()),
                (AuditDetails.HeadSha256, batch.Head.ToString())));
            if (await _authority.Commits.CommitAsync(new CommitRequest(entry, []), cancellationToken) is CommitOutcome.Committed(var leaf, _))
            {
                await Journal.AnchoredAsync(batch, leaf, CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // Whatever it was, the next second tries again: nobody else would see that anchoring has ended.
        {
            Log.AnchorDelayed(_logger, failure, Journal.Unanchored);
        }
        finally
        {
            _anchoring.Release();
        }
    }

    /// <summary>Anchors what is left. The authority must still run.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await AnchorAsync(CancellationToken.None);
        await Journal.DisposeAsync();
        await Receipts.DisposeAsync();
        Policies.Dispose();
        _metrics.Dispose();
        _stopping.Dispose();
        _anchoring.Dispose();
    }

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, ValueTask> action)
    {
        using var timer = new PeriodicTimer(interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await action(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
