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

public sealed class LedgerVerifierTests : IAsyncLifetime
{
    private const int Entries = 600;

    private static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());
    private ISigningKey _key = null!;
    private TamperableLog _log = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>600 entries: issuances, every tenth a revocation of the one before; checkpoints at 100, 200, … and at the end.</summary>
    public async ValueTask InitializeAsync()
    {
        _key = await Providers.All[1].GenerateAsync(new KeySpec($"checkpoint-{Guid.NewGuid():n}", KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint), Cancelled);
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

        _log = await CopyAsync(store);
    }

    public ValueTask DisposeAsync() => _key.DisposeAsync();

    [Fact]
    public async Task Verify_Untouched_IsIntact()
    {
        var result = await VerifyAsync();

        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Equal((Entries, 6, Entries, 0), (result.Head.Size, result.CheckpointsVerified, result.CoveredSize, result.Erased));
        Assert.Equal(_log.Head, result.Head);
        Assert.Equal(_log.Certificates.Count, result.Certificates);
    }

    [Fact]
    public async Task Verify_Export_FindsTheSameAsTheLog()
    {
        var path = Path.GetTempFileName();
        await using (var file = File.Create(path))
        {
            await LedgerExport.WriteAsync(_log, file, Cancelled);
        }

        var intact = await LedgerVerifier.VerifyAsync(await LedgerExport.OpenAsync(path, Cancelled), Providers, new LedgerVerifierOptions { TrustedKeys = [_key.PublicKey] }, null, Cancelled);
        Assert.True(intact.IsIntact, string.Join('\n', intact.Findings));
        Assert.Equal(_log.Head, intact.Head);

        // One line less.
        await File.WriteAllLinesAsync(path, (await File.ReadAllLinesAsync(path, Cancelled)).Where((_, line) => line != 251), Cancelled);
        var cut = await LedgerVerifier.VerifyAsync(await LedgerExport.OpenAsync(path, Cancelled), Providers, new LedgerVerifierOptions { TrustedKeys = [_key.PublicKey] }, null, Cancelled);
        Assert.Contains(cut.Findings, f => f is { Kind: LedgerFindingKind.Removed, First: 250, Last: 250 });
        File.Delete(path);
    }

    [Fact]
    public async Task Verify_DetailsChanged_NamesTheEntry()
    {
        var record = _log.Records[250];
        var forged = record.Details! with { Actor = "somebody else" };
        _log.Records[250] = record with { EncodedDetails = (ReadOnlyMemory<byte>)forged.Encode() };

        await AssertFinds(LedgerFindingKind.Changed, 250, 250);
    }

    [Fact]
    public async Task Verify_LeafFieldChanged_NamesTheEntry()
    {
        _log.Records[250] = _log.Records[250] with { Leaf = _log.Records[250].Leaf with { TimeMilliseconds = 1 } };

        await AssertFinds(LedgerFindingKind.Changed, 250, 250);
    }

    [Fact]
    public async Task Verify_EntryRewrittenWithItsCommitment_NamesTheTileUnderTheCheckpoint()
    {
        // The forger does it well: new details, new salt, a commitment that fits. Only the tree can tell, and stored hashes say where.
        _log.Records[270] = Rewrite(_log.Records[270], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));

        var finding = Assert.Single((await VerifyAsync(withRecords: false)).Findings);
        Assert.Equal((LedgerFindingKind.Changed, 256L, 299L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_EntryAndStoredHashesRewritten_NamesTheRangeBetweenCheckpoints()
    {
        _log.Records[270] = Rewrite(_log.Records[270], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));
        RecomputeNodes();

        var finding = Assert.Single((await VerifyAsync(withRecords: false)).Findings);
        Assert.Equal((LedgerFindingKind.Changed, 200L, 299L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_EntryRemoved_NamesIt()
    {
        _log.Records.RemoveAt(250);

        await AssertFinds(LedgerFindingKind.Removed, 250, 250);
    }

    [Theory]
    [InlineData(250, 1)]
    [InlineData(3, 5)]
    [InlineData(590, 2)]
    public async Task Verify_EntriesRemovedAndTheRestRenumbered_NamesThem(int at, int count)
    {
        _log.Records.RemoveRange(at, count);
        Renumber();

        await AssertFinds(LedgerFindingKind.Removed, at, at + count - 1);
    }

    [Fact]
    public async Task Verify_LastButOneRemovedAndTheLastRenumbered_NamesIt()
    {
        _log.Records.RemoveAt(Entries - 2);
        Renumber();

        await AssertFinds(LedgerFindingKind.Reordered, Entries - 2, Entries - 2);
    }

    [Fact]
    public async Task Verify_EntryInsertedAndTheRestRenumbered_NamesIt()
    {
        _log.Records.Insert(250, _log.Records[250]);
        Renumber();
        _log.Records[250] = Rewrite(_log.Records[250], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));

        await AssertFinds(LedgerFindingKind.Inserted, 250, 250);
    }

    [Theory]
    [InlineData(250, 300)]
    [InlineData(250, 251)]
    public async Task Verify_EntriesExchanged_NamesBoth(int a, int b)
    {
        (_log.Records[a], _log.Records[b]) = (_log.Records[b], _log.Records[a]);
        Renumber();

        await AssertFinds(LedgerFindingKind.Reordered, a, a);
        await AssertFinds(LedgerFindingKind.Reordered, b, b);
    }

    [Fact]
    public async Task Verify_CutOffBehindACheckpoint_NamesWhatIsMissing()
    {
        _log.Records.RemoveRange(550, 50);
        _log.Certificates.RemoveAll(c => c.Leaf >= 550);
        _log.Revocations.RemoveAll(r => r.Leaf >= 550);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.Truncated, 550L, 599L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_SetBackWithItsCheckpoints_IsToldByTheExternalOne()
    {
        var external = _log.Checkpoints[^1];
        _log.Records.RemoveRange(300, 300);
        _log.Certificates.RemoveAll(c => c.Leaf >= 300);
        _log.Revocations.RemoveAll(r => r.Leaf >= 300);
        _log.Checkpoints.RemoveRange(3, 3);

        Assert.True((await VerifyAsync()).IsIntact);
        var finding = Assert.Single((await VerifyAsync(external: external)).Findings);
        Assert.Equal((LedgerFindingKind.Truncated, 300L, 599L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_RestoreThatSaysSo_IsNotedNotBlamed()
    {
        // Signed at 600; a backup of 300 entries was restored, and its new epoch cites the old head.
        var (external, old) = (_log.Checkpoints[^1], _log.Head);
        SetBackTo(300);
        AppendEpoch(ImmutableSortedDictionary<string, string>.Empty.Add(LedgerFacts.PreviousSize, "600").Add(LedgerFacts.PreviousRoot, old.Root.ToBase64()));
        _log.Checkpoints.Add((await SignAsync(_log.Head)).ToString());

        var result = await VerifyAsync(external: external);

        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Contains("300 to 599", Assert.Single(result.Restores), StringComparison.Ordinal);
        Assert.Equal((2, 301), (result.Head.Epoch, result.CoveredSize));
    }

    [Fact]
    public async Task Verify_RestoreThatKeepsSilent_IsBlamed()
    {
        var external = _log.Checkpoints[^1];
        SetBackTo(300);
        AppendEpoch(ImmutableSortedDictionary<string, string>.Empty);

        await AssertFinds(LedgerFindingKind.Truncated, 300, 599, external);
    }

    [Fact]
    public async Task Verify_EpochRaisedWithoutItsEntry_IsNamed()
    {
        for (var i = 300; i < Entries; i++)
        {
            var leaf = _log.Records[i].Leaf with { Epoch = 2 };
            _log.Records[i] = Rewrite(_log.Records[i] with { Leaf = leaf }, _log.Records[i].Details!);
        }

        await AssertFinds(LedgerFindingKind.EpochBroken, 300, 300);
    }

    [Fact]
    public async Task Verify_ErasedWithItsEntry_IsIntact_WithoutIt_IsNamed()
    {
        _log.Records[250] = new LedgerRecord(_log.Records[250].Leaf, null, null);
        await AssertFinds(LedgerFindingKind.ErasedUnexplained, 250, 250);

        Append(LedgerEntryKind.DetailsErased, 1, ImmutableSortedDictionary<string, string>.Empty.Add(LedgerFacts.Leaf, "250"));
        var result = await VerifyAsync();
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Equal(1, result.Erased);
    }

    [Fact]
    public async Task Verify_CheckpointOfAnotherKeyOrLogOrDamaged_IsNamed()
    {
        await using var stranger = await Providers.All[1].GenerateAsync(new KeySpec($"stranger-{Guid.NewGuid():n}", KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint), Cancelled);
        var forged = await new CheckpointSigner(stranger).SignAsync(_log.Head, Cancelled);
        var other = await SignAsync(_log.Head with { LogId = LogId.Generate() });
        var changed = _log.Checkpoints[0].Replace("\n100\n", "\n101\n", StringComparison.Ordinal);
        _log.Checkpoints.AddRange([forged.ToString(), other.ToString(), changed, "damaged"]);

        var result = await VerifyAsync();

        Assert.Equal(4, result.FindingCount);
        Assert.All(result.Findings, f => Assert.Equal(LedgerFindingKind.CheckpointInvalid, f.Kind));
        Assert.Equal(6, result.CheckpointsVerified);
    }

    [Fact]
    public async Task Verify_StoredHashChanged_IsNamed_TheEntriesStand()
    {
        _log.Nodes[1] = MerkleTree.EmptyRoot;

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.TreeHashChanged, 256L, 511L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_CertificateRecordChanged_IsNamed()
    {
        var at = _log.Certificates.FindIndex(c => c.Leaf == 250);
        _log.Certificates[at] = _log.Certificates[at] with { Sha256Hex = new string('0', 64) };

        var result = await VerifyAsync();
        Assert.Contains(result.Findings, f => f is { Kind: LedgerFindingKind.CertificateUnexplained, First: 250 });
        Assert.Contains(result.Findings, f => f is { Kind: LedgerFindingKind.CertificateMissing, First: 250 });
    }

    [Fact]
    public async Task Verify_CertificateRecordGone_IsNamed()
    {
        _log.Certificates.RemoveAll(c => c.Leaf == 250);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.CertificateMissing, 250L), (finding.Kind, finding.First));
    }

    [Theory]
    [InlineData(250)]
    [InlineData(0)]
    [InlineData(99999)]
    public async Task Verify_CertificateRecordWithoutEntry_IsNamed(long leaf)
    {
        var at = _log.Certificates.FindLastIndex(c => c.Leaf <= leaf) + 1;
        _log.Certificates.Insert(at, new CertificateEvidence(leaf, StoreSamples.Authority, "0102", new string('a', 64)));

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.CertificateUnexplained, leaf), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevocationTakenBack_IsNamed()
    {
        _log.Revocations.RemoveAll(r => r.Leaf == 259);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.RevocationMissing, 259L), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevocationWithoutEntry_IsNamed()
    {
        var at = _log.Revocations.FindIndex(r => r.Leaf > 250);
        _log.Revocations.Insert(at, new RevocationEvidence(250, StoreSamples.Authority, Convert.ToHexStringLower(StoreSamples.Serial(250))));

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.RevocationUnexplained, 250L), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevokedTwice_IsIntact()
    {
        Append(LedgerEntryKind.CertificateRevoked, 1, LedgerFacts.OfSerial(StoreSamples.Authority, StoreSamples.Serial(258)));

        var result = await VerifyAsync();
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
    }

    [Fact]
    public async Task Verify_EverythingGone_IsNamed()
    {
        _log.Records.Clear();

        await AssertFinds(LedgerFindingKind.Truncated, 0, 599);
    }

    [Fact]
    public async Task Verify_ManyFindings_AreCountedAndTheFirstKept()
    {
        for (var i = 0; i < 1500; i++)
        {
            _log.Checkpoints.Add("damaged");
        }

        var result = await VerifyAsync();
        Assert.Equal((1500, LedgerVerifier.MaxFindings), (result.FindingCount, result.Findings.Length));
    }

    private async Task AssertFinds(LedgerFindingKind kind, long first, long last, string? external = null)
    {
        var result = await VerifyAsync(external: external);
        Assert.True(result.Findings.Any(f => f.Kind == kind && f.First == first && f.Last == last), string.Join('\n', result.Findings));
    }

    private Task<LedgerVerification> VerifyAsync(bool withRecords = true, string? external = null) => LedgerVerifier.VerifyAsync(
        _log,
        Providers,
        new LedgerVerifierOptions { TrustedKeys = [_key.PublicKey], Evidence = withRecords ? _log : null, ExternalCheckpoints = external is null ? [] : [external] },
        null,
        Cancelled);

    private ValueTask<SignedCheckpoint> SignAsync(LedgerHead head) => new CheckpointSigner(_key).SignAsync(head, Cancelled);

    private static LedgerRecord Rewrite(LedgerRecord record, LedgerDetails details)
    {
        var (salt, encoded, leaf) = (RandomNumberGenerator.GetBytes(LedgerCommitment.SaltSize), details.Encode(), record.Leaf);
        var commitment = LedgerCommitment.Compute(salt, leaf.LogId, leaf.Epoch, leaf.Index, leaf.TimeMilliseconds, leaf.Kind, encoded);
        return new LedgerRecord(leaf with { Commitment = commitment }, (ReadOnlyMemory<byte>)salt, (ReadOnlyMemory<byte>)encoded);
    }

    private void Renumber()
    {
        for (var i = 0; i < _log.Records.Count; i++)
        {
            _log.Records[i] = _log.Records[i] with { Leaf = _log.Records[i].Leaf with { Index = i } };
        }
    }

    private void SetBackTo(int size)
    {
        _log.Records.RemoveRange(size, _log.Records.Count - size);
        _log.Certificates.RemoveAll(c => c.Leaf >= size);
        _log.Revocations.RemoveAll(r => r.Leaf >= size);
        _log.Checkpoints.RemoveRange(size / 100, _log.Checkpoints.Count - (size / 100));
        RecomputeNodes();
    }

    private void AppendEpoch(ImmutableSortedDictionary<string, string> facts) => Append(LedgerEntryKind.EpochStarted, 2, facts);

    private void Append(LedgerEntryKind kind, long epoch, ImmutableSortedDictionary<string, string> facts)
    {
        var leaf = new LedgerLeaf(_log.Head.LogId, epoch, _log.Records.Count, 0, kind, default);
        _log.Records.Add(Rewrite(new LedgerRecord(leaf, null, null), new LedgerDetails("appliance", facts)));
        var frontier = new MerkleFrontier();
        _log.Records.ForEach(r => frontier.Append(r.Leaf.Hash()));
        _log.Head = _log.Head with { Epoch = epoch, Size = frontier.Size, Root = frontier.Root() };
    }

    private void RecomputeNodes()
    {
        _log.Nodes.Clear();
        var frontier = new MerkleFrontier();
        _log.Records.ForEach(r => frontier.Append(r.Leaf.Hash(), (level, _, hash) =>
        {
            if (level == 8)
            {
                _log.Nodes.Add(hash);
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
