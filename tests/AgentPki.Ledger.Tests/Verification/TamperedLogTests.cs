using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>A log of 600 entries, and what a forger may do to it.</summary>
public abstract class TamperedLogTests : IAsyncLifetime
{
    protected const int Entries = 600;

    private protected static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());

    private protected ISigningKey Key { get; private set; } = null!;

    private protected TamperableLog Log { get; private set; } = null!;

    private protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>600 entries: issuances, every tenth a revocation of the one before; checkpoints at 100, 200, … and at the end.</summary>
    public async ValueTask InitializeAsync()
    {
        Key = await Providers.All[1].GenerateAsync(new KeySpec($"checkpoint-{Guid.NewGuid():n}", KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint), Cancelled);
        var store = new InMemoryStore();
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        for (var n = 2; n < Entries; n++)
        {
            store.Apply([n % 10 == 9 ? StoreSamples.Revocation(n - 1) : StoreSamples.Issuance(n)]);
            if ((n + 1) % 100 == 0)
            {
                await store.AddCheckpointAsync(await SignAsync(await store.HeadAsync(Cancelled)), Cancelled);
            }
        }

        Log = await CopyAsync(store);
    }

    public async ValueTask DisposeAsync()
    {
        await Key.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task AssertFinds(LedgerFindingKind kind, long first, long last, string? external = null)
    {
        var result = await VerifyAsync(external: external);
        Assert.True(result.Findings.Any(f => f.Kind == kind && f.First == first && f.Last == last), string.Join('\n', result.Findings));
    }

    private protected Task<LedgerVerification> VerifyAsync(bool withRecords = true, string? external = null) => LedgerVerifier.VerifyAsync(
        Log,
        Providers,
        new LedgerVerifierOptions { TrustedKeys = [Key.PublicKey], Evidence = withRecords ? Log : null, ExternalCheckpoints = external is null ? [] : [external] },
        null,
        Cancelled);

    private protected ValueTask<SignedCheckpoint> SignAsync(LedgerHead head) => new CheckpointSigner(Key).SignAsync(head, Cancelled);

    private protected static LedgerRecord Rewrite(LedgerRecord record, LedgerDetails details)
    {
        var (salt, encoded, leaf) = (RandomNumberGenerator.GetBytes(LedgerCommitment.SaltSize), details.Encode(), record.Leaf);
        var commitment = LedgerCommitment.Compute(salt, leaf.LogId, leaf.Epoch, leaf.Index, leaf.TimeMilliseconds, leaf.Kind, encoded);
        return new LedgerRecord(leaf with { Commitment = commitment }, (ReadOnlyMemory<byte>)salt, (ReadOnlyMemory<byte>)encoded);
    }

    private protected void Renumber()
    {
        for (var i = 0; i < Log.Records.Count; i++)
        {
            Log.Records[i] = Log.Records[i] with { Leaf = Log.Records[i].Leaf with { Index = i } };
        }
    }

    private protected void SetBackTo(int size)
    {
        Log.Records.RemoveRange(size, Log.Records.Count - size);
        Log.Certificates.RemoveAll(c => c.Leaf >= size);
        Log.Revocations.RemoveAll(r => r.Leaf >= size);
        Log.Checkpoints.RemoveRange(size / 100, Log.Checkpoints.Count - (size / 100));
        RecomputeNodes();
    }

    private protected void AppendEpoch(ImmutableSortedDictionary<string, string> facts) => Append(LedgerEntryKind.EpochStarted, 2, facts);

    private protected void Append(LedgerEntryKind kind, long epoch, ImmutableSortedDictionary<string, string> facts)
    {
        var leaf = new LedgerLeaf(Log.Head.LogId, epoch, Log.Records.Count, 0, kind, default);
        Log.Records.Add(Rewrite(new LedgerRecord(leaf, null, null), new LedgerDetails("appliance", facts)));
        var frontier = new MerkleFrontier();
        Log.Records.ForEach(r => frontier.Append(r.Leaf.Hash()));
        Log.Head = Log.Head with { Epoch = epoch, Size = frontier.Size, Root = frontier.Root() };
    }

    private protected void RecomputeNodes()
    {
        Log.Nodes.Clear();
        var frontier = new MerkleFrontier();
        Log.Records.ForEach(r => frontier.Append(r.Leaf.Hash(), (level, _, hash) =>
        {
            if (level == 8)
            {
                Log.Nodes.Add(hash);
            }
        }));
    }

    private static async Task<TamperableLog> CopyAsync(InMemoryStore store)
    {
        static async Task<List<T>> Read<T>(IAsyncEnumerable<T> items)
        {
            var list = new List<T>();
            await foreach (var item in items)
            {
                list.Add(item);
            }

            return list;
        }

        return new TamperableLog
        {
            Head = await store.HeadAsync(Cancelled),
            Records = await Read(store.ReadAsync(0, Cancelled)),
            Checkpoints = await Read(store.ReadCheckpointsAsync(Cancelled)),
            Certificates = await Read(store.ReadCertificateEvidenceAsync(Cancelled)),
            Revocations = await Read(store.ReadRevocationEvidenceAsync(Cancelled)),
            Nodes = [.. await store.ReadHashesAsync(8, 0, 2, Cancelled)],
        };
    }
}
