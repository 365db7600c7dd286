using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions;

/// <summary>The folder with the policies' files.</summary>
public interface IPolicyFolder
{
    /// <exception cref="IOException">The folder cannot be read.</exception>
    IReadOnlyList<PolicyFile> Read();

    /// <summary>Writes one, whole or not at all.</summary>
    void Write(string file, ReadOnlySpan<byte> text);
}

/// <summary>
/// Keeps the policies in force. Files are looked at again every second; what can be read, and where it must be approved was approved, takes the place of what was before as a whole. What
/// cannot stays out: the old policies decide on, and <see cref="Problem"/> says so until it is mended.
/// </summary>
public sealed class PolicyKeeper : IDisposable
{
    /// <summary>How the names of policies begin among <see cref="ApprovedFile"/>s.</summary>
    public const string ApprovedPrefix = "policies/";

    private readonly IPolicyFolder _folder;
    private readonly IGovernanceStore _approvals;
    private readonly bool _wantsApproval;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile PolicyCatalog? _current;
    private volatile string? _problem = "the policies were not read yet";

    /// <param name="wantsApproval">Outside of development: what a second person approved is in force, whatever lies in the folder.</param>
    public PolicyKeeper(IPolicyFolder folder, IGovernanceStore approvals, bool wantsApproval, ILogger logger) => (_folder, _approvals, _wantsApproval, _logger) = (folder, approvals, wantsApproval, logger);

    /// <summary>What is in force; null: policies could never be read, and nothing can be decided.</summary>
    public PolicyCatalog? Current => _current;

    /// <summary>Why what lies in the folder is not in force, as a sentence; null: it is.</summary>
    public string? Problem => _problem;

    /// <summary>Looks again.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var files = _folder.Read();
            if (_wantsApproval && await ApprovedAsync(cancellationToken) is { Count: > 0 } approved)
            {
                var differences = ApprovedFiles.Differences(approved, [.. files.Select(f => (f.Name, f.Text))]);
                Take([.. approved.Select(f => new PolicyFile(f.Name, f.Text))], differences.Count == 0 ? null
                    : $"the files are not what was approved, which stays in force: {string.Join("; ", differences)}. Ask for the change with 'agentpki policy apply FILE', or put back what was approved with 'agentpki policy restore'");
                return;
            }

            Take(files, null);
        }
        catch (ProfileException wrong)
        {
            Report($"the policies are wrong and the old ones stay in force: {string.Join("; ", wrong.Errors)}");
        }
#pragma warning disable CA1031 // Whatever a file makes of the readers: it stays out, it is said, and the next look comes.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Report($"the policies cannot be read and the old ones stay in force: {failure.Message}");
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private async ValueTask<IReadOnlyList<ApprovedFile>> ApprovedAsync(CancellationToken cancellationToken) =>
        [.. (await _approvals.ListApprovedFilesAsync(cancellationToken)).Where(f => f.Name.StartsWith(ApprovedPrefix, StringComparison.Ordinal)).Select(f => f with { Name = f.Name[ApprovedPrefix.Length..] })];

    private void Take(IReadOnlyList<PolicyFile> files, string? problem)
    {
        var catalog = PolicyCatalog.Read(files);
        if (catalog.Sha256 != _current?.Sha256)
        {
            _current = catalog;
            Log.PoliciesInForce(_logger, catalog.Set.Policies.Length, catalog.Sha256);
        }

        if (problem is null)
        {
            if (_problem is not null)
            {
                Log.PoliciesMended(_logger);
            }

            _problem = null;
            return;
        }

        Report(problem);
    }

    private void Report(string problem)
    {
        if (_problem != problem)
        {
            Log.PoliciesNotTaken(_logger, problem);
        }

        _problem = problem;
    }
}
