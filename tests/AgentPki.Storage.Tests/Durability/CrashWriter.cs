using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Storage.Tests.Durability;

/// <summary>
/// Writes to a store as fast as it can until it is killed, and says on its standard output what it has released, after each batch: <c>I n</c>
/// for an issuance, <c>R n</c> for a revocation, <c>C size</c> for a checkpoint.
/// </summary>
internal static class CrashWriter
{
    public const string Verb = "crash-writer";

    public static async Task<int> RunAsync(string[] args)
    {
        var (database, synchronous, first, keyFile) = (args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture), args[3]);
        var random = new Random(first);

        // Often: so that kills fall into copying the log into the database as well.
        var frames = synchronous == "FULL" ? random.Next(2) == 0 ? 60 : 2000 : int.MaxValue / 8;
        var options = OptionsOf(database) with { Synchronous = synchronous, CheckpointFrames = frames };
        await using var store = await SqliteStore.OpenAsync(options, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None);
        await using var key = BouncyCastleProvider.ImportPkcs8("checkpoint", KeyPurpose.LedgerCheckpoint, await File.ReadAllBytesAsync(keyFile));
        if ((await ((IAuthorityStore)store).ListAsync(CancellationToken.None)).Count == 0)
        {
            store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        }

        await using var released = Console.OpenStandardOutput();
        for (var next = first; ;)
        {
            var count = random.Next(1, 30);
            var batch = Enumerable.Range(next, count).Select(StoreSamples.Issuance).ToList();
            var revoked = next > first ? next - 1 : (int?)null;
            if (revoked is { } n)
            {
                batch.Insert(random.Next(batch.Count), StoreSamples.Revocation(n));
            }

            store.Apply(batch);
            var lines = string.Concat(Enumerable.Range(next, count).Select(i => $"I {i}\n")) + (revoked is { } done ? $"R {done}\n" : "");
            if (random.Next(20) == 0)
            {
                var checkpoint = await new CheckpointSigner(key).SignAsync(await store.HeadAsync(CancellationToken.None), CancellationToken.None);
                await store.AddCheckpointAsync(checkpoint, CancellationToken.None);
                lines += $"C {checkpoint.Checkpoint.Size}\n";
            }

            await released.WriteAsync(System.Text.Encoding.ASCII.GetBytes(lines));
            await released.FlushAsync();
            next += count;
        }
    }

    public static SqliteStoreOptions OptionsOf(string database) =>
        new() { DatabasePath = database, CheckpointsPath = Path.Combine(Path.GetDirectoryName(database) ?? "", "ledger", "checkpoints") };
}
