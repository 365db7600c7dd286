using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Spiffe;

/// <summary>Keeps the entries as their file says. A file that is broken, open to others or missing changes nothing, and is complained about each time it changes.</summary>
internal sealed class EntryFile(string path, EntryReader reader, WorkloadDirectory directory, TimeProvider time, ILogger<EntryFile> logger)
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const long Longest = 16 * 1024 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private string _seen = "";

    /// <summary>Reads it now and then whenever it has changed, until it is cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await LookAsync(cancellationToken);
            await Task.Delay(Interval, time, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes what the file says, if it says something else than before and nothing is wrong with it.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (text, problem) = Load(path);
            var digest = text is null ? problem ?? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            if (digest == _seen)
            {
                return;
            }

            var (entries, problems) = text is null ? (ImmutableArray<WorkloadEntry>.Empty, [new ConfigurationProblem(path, "(whole file)", digest)]) : reader.Read(text, path);
            if (problems.Count > 0)
            {
                Log.EntriesRefused(logger, string.Join("; ", problems), directory.Entries.Length);
            }
            else
            {
                await directory.ReplaceAsync(entries, digest, cancellationToken);
                Log.EntriesTaken(logger, entries.Length, path, digest);
            }

            _seen = digest;
        }
        catch (StoreUnavailableException failure)
        {
            // Without its entry in the ledger it is not taken; it is tried again.
            Log.EntriesNotRecorded(logger, failure);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>The text of the file, or what is wrong with it.</summary>
    internal static (string? Text, string? Problem) Load(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if ((File.GetUnixFileMode(file.SafeFileHandle) & OthersWrite) != 0)
            {
                return (null, $"others may write to it, and so give themselves identities: chmod go-w {path}");
            }

            if (file.Length > Longest)
            {
                return (null, "is longer than 16 MiB");
            }

            using var text = new StreamReader(file);
            return (text.ReadToEnd(), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, $"cannot be read: {error.Message}");
        }
    }
}
