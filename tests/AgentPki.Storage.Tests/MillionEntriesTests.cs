using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Search;
using AgentPki.Ledger.Tiles;
using AgentPki.Ledger.Verification;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>
/// A million entries, one in ten an issuance with its certificate, a checkpoint for every thousand: verified whole, a changed one named, proven, searched, exported and verified again.
/// What each took is printed and not asserted (benchmarks/README.md).
/// </summary>
[Trait("tier", "full")]
public sealed class MillionEntriesTests : IAsyncLifetime
{
    private const int Entries = 1_000_000;
    private const int Batch = 1000;
    private const int Changed = 654_321;
    private static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly TemporaryFolder _folder = new();
    private ISigningKey _key = null!;
    private SqliteStore _store = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _key = await Providers.All[1].GenerateAsync(new KeySpec("million", KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint), Cancelled);
        _store = await _folder.OpenAsync(_folder.Options with { Synchronous = "OFF" });
        _store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        for (var n = 2; n < Entries;)
        {
            var requests = Enumerable.Range(n, Math.Min(Batch, Entries - n)).Select(Request).ToList();
            _store.Apply(requests);
            n += requests.Count;
            await _store.AddCheckpointAsync(await new CheckpointSigner(_key).SignAsync(await _store.HeadAsync(Cancelled), Cancelled), Cancelled);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _key.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Million_IsVerifiedProvenSearchedAndExported()
    {
        var head = await _store.HeadAsync(Cancelled);
        Assert.Equal(Entries, head.Size);

        // Verified, records and all; then one entry is changed, and named.
        var options = new LedgerVerifierOptions { TrustedKeys = [_key.PublicKey], Evidence = _store };
        var result = await TimedAsync("verify", () => LedgerVerifier.VerifyAsync(_store, Providers, options, null, Cancelled));
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Equal((head.Root, Entries, Entries / 10), (result.Head.Root, (int)result.CoveredSize, (int)result.Certificates));

        // Proven.
        var checkpoint = (await _store.LatestCheckpointAsync(Cancelled))!;
        foreach (var index in (long[])[0, 123_456, Entries - 1])
        {
            var path = await TimedAsync("prove", async () => await new MerkleProver(_store).InclusionProofAsync(index, Entries, Cancelled));
            var record = (await ((ILedgerStore)_store).FindAsync(index, Cancelled))!;
            Assert.True(MerkleTree.VerifyInclusion(record.Leaf.Hash(), index, Entries, path, checkpoint.Checkpoint.Root));
        }

        Assert.True(MerkleTree.VerifyConsistency(
            500_001, await new MerkleProver(_store).RootAsync(500_001, Cancelled), Entries, head.Root, await TimedAsync("consistency", async () => await new MerkleProver(_store).ConsistencyProofAsync(500_001, Entries, Cancelled))));

        // Searched.
        Assert.Equal([777_777], await TimedAsync("search one", () => FoundAsync(new LedgerQuery { Text = "n-777777" })));
        Assert.Equal(Entries / 10, (await TimedAsync("search kind", () => FoundAsync(new LedgerQuery { Kind = LedgerEntryKind.CertificateIssued }))).Count);

        // Read from its tiles, from half on.
        var half = Checkpoint.Of(head) with { Size = 500_001, Root = await new MerkleProver(_store).RootAsync(500_001, Cancelled) };
        var tiles = new TiledLedger((tile, cancellationToken) => new TileReader(_store).ReadAsync(tile, cancellationToken));
        Assert.Null(await TimedAsync("tiles from half", async () => await tiles.WhyNotGrownAsync(checkpoint.Checkpoint, half, null, Cancelled)));

        // Exported, and verified from that.
        var file = Path.Combine(_folder.Path, "ledger.jsonl");
        await TimedAsync("export", async () =>
        {
            await using var stream = File.Create(file);
            await LedgerExport.WriteAsync(_store, stream, Cancelled);
            return 0;
        });
        var exported = await TimedAsync("verify the export", async () => await LedgerVerifier.VerifyAsync(await LedgerExport.OpenAsync(file, Cancelled), Providers, options with { Evidence = null }, null, Cancelled));
        Assert.True(exported.IsIntact, string.Join('\n', exported.Findings));
        Assert.Equal(head.Root, exported.Head.Root);

        using (var vandal = SqlSession.Open(_folder.Database))
        {
            vandal.Execute(string.Create(CultureInfo.InvariantCulture, $"UPDATE ledger SET time = time + 1 WHERE leaf = {Changed}"));
        }

        result = await LedgerVerifier.VerifyAsync(_store, Providers, options, null, Cancelled);
        Assert.Contains(result.Findings, f => f is { Kind: LedgerFindingKind.Changed, First: Changed, Last: Changed });
    }

    private static CommitRequest Request(int n) => n % 10 == 3
        ? StoreSamples.Issuance(n)
        : new CommitRequest(
            new LedgerEntry(
                n % 10 == 4 ? LedgerEntryKind.EnrollmentRefused : LedgerEntryKind.ConfigurationChanged,
                StoreSamples.Now.AddMilliseconds(n),
                $"credential:team-{n % 50}",
                ImmutableSortedDictionary<string, string>.Empty.Add("agent", StoreSamples.AgentId(n)).Add("detail", $"n-{n}").Add("reason", "the profile does not allow that name")),
            []);

    private async Task<List<long>> FoundAsync(LedgerQuery query)
    {
        var found = new List<long>();
        await foreach (var record in _store.SearchAsync(query, 0, Cancelled))
        {
            found.Add(record.Leaf.Index);
        }

        return found;
    }

    private static async Task<T> TimedAsync<T>(string what, Func<Task<T>> work)
    {
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var result = await work();
        watch.Stop();
        process.Refresh();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {watch.Elapsed.TotalMilliseconds:0.0} ms, {(process.TotalProcessorTime - before).TotalMilliseconds:0} ms of processor"));
        return result;
    }
}
