using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Storage;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>
/// <c>fill-home DATABASE COUNT</c> puts certificates into the store of a home that does not run, each with its agent, its key and its leaf;
/// <c>make-officers FOLDER</c> makes three officers of whom two open a backup, with key files beside. For <c>benchmarks/recovery.sh</c>.
/// </summary>
public static class RecoveryHome
{
    private const int Batch = 1000;

    /// <returns>Null: the arguments are none of these.</returns>
    public static async Task<int?> TryRunAsync(string[] args)
    {
        switch (args)
        {
            case ["fill-home", var database, var count]:
                await FillAsync(database, int.Parse(count, CultureInfo.InvariantCulture));
                return 0;
            case ["make-officers", var folder]:
                await MakeOfficersAsync(folder);
                return 0;
            default:
                return null;
        }
    }

    private static async Task FillAsync(string database, int count)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { DatabasePath = database }, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None);
        for (var n = 0; n < count; n += Batch)
        {
            var outcomes = store.Apply([.. Enumerable.Range(n, Math.Min(Batch, count - n)).Select(StoreSamples.Issuance)]);
            if (outcomes.OfType<CommitOutcome.Conflict>().FirstOrDefault() is { } conflict)
            {
                throw new InvalidOperationException(conflict.Reason);
            }
        }
    }

    private static async Task MakeOfficersAsync(string folder)
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        foreach (var officer in officers.Roster.Officers)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{officer.Name}.officer"), officer.Encode());
            await File.WriteAllTextAsync(Path.Combine(folder, $"{officer.Name}.key"), officers.FileOf(officer.Name));
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{officer.Name}.passphrase"), [.. TestOfficers.PassphraseOf(officer.Name), (byte)'\n']);
        }
    }
}
