using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Governance;

/// <summary>
/// The rules in force. The file is looked at in every round: a change of a development home's serves from then on; a file that is broken, or in a production home another than was approved, changes
/// nothing: the rules of before stay, and log, ledger, metrics, <c>doctor</c> and the health of the appliance say so until it is mended.
/// </summary>
public sealed class RulesKeeper<T> : IDisposable
    where T : class, IRules
{
    private readonly RulesKind<T> _kind;
    private readonly IRulesFile? _file;
    private readonly IGovernanceStore _store;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile T _current;
    private volatile string? _problem;

    /// <param name="file">Null: there is none, and what is built in serves.</param>
    internal RulesKeeper(RulesKind<T> kind, IRulesFile? file, IGovernanceStore store, CommitWriter commits, AuditTrail audit, TimeProvider time, ILogger<RulesKeeper<T>> logger) =>
        (_kind, _file, _store, _commits, _audit, _time, _logger, _current) = (kind, file, store, commits, audit, time, logger, kind.BuiltIn);

    public T Current => _current;

    /// <summary>Why the file as it lies there does not serve, as a sentence without its full stop; null: it does.</summary>
    public string? Problem => _problem;

    /// <summary>At start: the rules to begin with.</summary>
    /// <exception cref="InvalidOperationException">There are none that could serve: the file is broken, and no other was approved.</exception>
    internal async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        var (lying, approved) = (Lying(), await ApprovedAsync(cancellationToken));
        if (Judge(lying, approved, out var rules) is not { } wrong)
        {
            _current = rules;
            return;
        }

        // In a production home what was approved goes on, or what is built in where nothing was.
        _current = _file is not { IsGoverned: true } ? throw new InvalidOperationException($"{_kind.Title} cannot serve: {wrong}. Mend or remove {_kind.File}; 'agentpki {_kind.Verb} check' checks it.")
            : approved is null ? _kind.BuiltIn
            : _kind.Read(approved, out var errors) ?? throw new InvalidOperationException($"{_kind.Title} that were approved cannot be read by this build: {string.Join("; ", errors)}.");
        await RefuseAsync(wrong, cancellationToken);
    }

    /// <summary>Looks at the file again.</summary>
    internal async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (Judge(Lying(), await ApprovedAsync(cancellationToken), out var rules) is { } wrong)
            {
                if (wrong != _problem)
                {
                    await RefuseAsync(wrong, cancellationToken);
                }

                return;
            }

            if (rules.Digest != _current.Digest)
            {
                await _audit.RecordAsync(_kind.Changed, AuditTrail.Appliance, Details(rules.Digest, null), cancellationToken);
                Log.RulesChanged(_logger, _kind.Title, rules.Digest);
            }

            (_current, _problem) = (rules, null);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>These rules serve from now on; an approved file and an entry with its digest.</summary>
    public async ValueTask<Outcome<T>> ApplyAsync(byte[] text, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (_file is null || _kind.Read(text, out _) is not { } rules)
        {
            var problem = _kind.WhyNot(text) ?? new PkiProblem(PkiProblemKind.Unavailable, $"this appliance has no place for {_kind.File}");
            await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
            return new Outcome<T>.Refused(problem);
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            // First what was approved, then the file: killed in between, what serves at the next start is what was approved.
            var now = _time.GetUtcNow();
            var entry = new LedgerEntry(_kind.Changed, now, actor, Details(rules.Digest, correlationId));
            await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.ApproveFile(new ApprovedFile(_kind.ApprovedName, text, now))]), cancellationToken);
            _file.Write(text);
            (_current, _problem) = (rules, null);
            Log.RulesChanged(_logger, _kind.Title, rules.Digest);
            return new Outcome<T>.Done(rules);
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    /// <summary>Null, and the rules, when what lies there serves; else why not.</summary>
    private string? Judge((byte[]? Text, string? Problem) lying, byte[]? approved, out T rules)
    {
        rules = _kind.BuiltIn;
        if (lying.Problem is not null)
        {
            return lying.Problem;
        }

        if (_file is { IsGoverned: true } && _kind.WhyNotApproved(lying.Text, approved) is { } unapproved)
        {
            return unapproved;
        }

        if (lying.Text is null)
        {
            return null;
        }

        if (_kind.Read(lying.Text, out var errors) is not { } read)
        {
            return string.Join("; ", errors);
        }

        rules = read;
        return null;
    }

    private (byte[]? Text, string? Problem) Lying()
    {
        try
        {
            return (_file?.Read(), null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, $"{_kind.File} cannot be read: {failure.Message.TrimEnd('.')}");
        }
    }

    private async ValueTask<byte[]?> ApprovedAsync(CancellationToken cancellationToken) =>
        (await _store.ListApprovedFilesAsync(cancellationToken)).FirstOrDefault(f => f.Name == _kind.ApprovedName)?.Text;

    private async ValueTask RefuseAsync(string wrong, CancellationToken cancellationToken)
    {
        _problem = wrong;
        Log.RulesRefused(_logger, _kind.Title, wrong);
        await _audit.RecordAsync(_kind.Refused, AuditTrail.Appliance, Details(_current.Digest, null).SetItem(AuditDetails.Reason, wrong.Length > 400 ? wrong[..400] : wrong), cancellationToken);
    }

    private ImmutableSortedDictionary<string, string> Details(string digest, string? correlationId) =>
        AuditDetails.Of((AuditDetails.File, _kind.File), (AuditDetails.Digest, digest), (AuditDetails.Correlation, correlationId));
}
