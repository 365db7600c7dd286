using System.Collections.Immutable;
using AgentPki.Cryptography;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using Xunit;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>The verifier as a whole: what is intact, what an export shows, checkpoints, stored hashes, erasure.</summary>
public sealed class LedgerVerifierTests : TamperedLogTests
{
    [Fact]
    public async Task Verify_Untouched_IsIntact()
    {
        var result = await VerifyAsync();

        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Equal((Entries, 6, Entries, 0), (result.Head.Size, result.CheckpointsVerified, result.CoveredSize, result.Erased));
        Assert.Equal(Log.Head, result.Head);
        Assert.Equal(Log.Certificates.Count, result.Certificates);
    }

    [Fact]
    public async Task Verify_Export_FindsTheSameAsTheLog()
    {
        var path = Path.GetTempFileName();
        await using (var file = File.Create(path))
        {
            await LedgerExport.WriteAsync(Log, file, Cancelled);
        }

        var intact = await LedgerVerifier.VerifyAsync(await LedgerExport.OpenAsync(path, Cancelled), Providers, new LedgerVerifierOptions { TrustedKeys = [Key.PublicKey] }, null, Cancelled);
        Assert.True(intact.IsIntact, string.Join('\n', intact.Findings));
        Assert.Equal(Log.Head, intact.Head);

        // One line less.
        await File.WriteAllLinesAsync(path, (await File.ReadAllLinesAsync(path, Cancelled)).Where((_, line) => line != 1 + Log.Checkpoints.Count + 250), Cancelled);
        var cut = await LedgerVerifier.VerifyAsync(await LedgerExport.OpenAsync(path, Cancelled), Providers, new LedgerVerifierOptions { TrustedKeys = [Key.PublicKey] }, null, Cancelled);
        Assert.Contains(cut.Findings, f => f is { Kind: LedgerFindingKind.Removed, First: 250, Last: 250 });
        File.Delete(path);
    }

    [Fact]
    public async Task Verify_ErasedWithItsEntry_IsIntact_WithoutIt_IsNamed()
    {
        Log.Records[250] = new LedgerRecord(Log.Records[250].Leaf, null, null);
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
        var forged = await new CheckpointSigner(stranger).SignAsync(Log.Head, Cancelled);
        var other = await SignAsync(Log.Head with { LogId = LogId.Generate() });
        var changed = Log.Checkpoints[0].Replace("\n100\n", "\n101\n", StringComparison.Ordinal);
        Log.Checkpoints.AddRange([forged.ToString(), other.ToString(), changed, "damaged"]);

        var result = await VerifyAsync();

        Assert.Equal(4, result.FindingCount);
        Assert.All(result.Findings, f => Assert.Equal(LedgerFindingKind.CheckpointInvalid, f.Kind));
        Assert.Equal(6, result.CheckpointsVerified);
    }

    [Fact]
    public async Task Verify_StoredHashChanged_IsNamed_TheEntriesStand()
    {
        Log.Nodes[1] = MerkleTree.EmptyRoot;

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.TreeHashChanged, 256L, 511L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_ManyFindings_AreCountedAndTheFirstKept()
    {
        for (var i = 0; i < 1500; i++)
        {
            Log.Checkpoints.Add("damaged");
        }

        var result = await VerifyAsync();
        Assert.Equal((1500, LedgerVerifier.MaxFindings), (result.FindingCount, result.Findings.Length));
    }

    [Fact]
    public async Task Verify_WithWitnesses_SaysWhatTheyCover_AndWhatIsForged()
    {
        var keys = new List<(NoteKey Note, ISigningKey Key)>();
        foreach (var name in (string[])["w1.test", "w2.test"])
        {
            var key = await Providers.All[1].GenerateAsync(new KeySpec($"{name}-{Guid.NewGuid():n}", KeyAlgorithm.Ed25519, KeyPurpose.WitnessCosignature), Cancelled);
            keys.Add((NoteKey.CreateCosigner(name, key.PublicKey), key));
        }

        async Task CosignAsync(int at, params (NoteKey Note, ISigningKey Key)[] witnesses)
        {
            Assert.True(SignedCheckpoint.TryParse(Log.Checkpoints[at], out var note, out _));
            foreach (var (witness, key) in witnesses)
            {
                note = note.With([await witness.SignAsync(key, note.Note.Text, DateTimeOffset.UnixEpoch, Cancelled)]);
            }

            Log.Checkpoints[at] = note.ToString();
        }

        Task<LedgerVerification> WithAsync(int quorum) => LedgerVerifier.VerifyAsync(
            Log, Providers, new LedgerVerifierOptions { TrustedKeys = [Key.PublicKey], Witnesses = new CosignaturePolicy(keys.Select(k => k.Note), quorum) }, null, Cancelled);

        Assert.Equal(LedgerFindingKind.NotWitnessed, Assert.Single((await WithAsync(1)).Findings).Kind);
        await CosignAsync(0, keys[0], keys[1]);
        await CosignAsync(2, keys[0]);
        var (one, two) = (await WithAsync(1), await WithAsync(2));
        Assert.True(one.IsIntact && two.IsIntact);
        Assert.Equal((300, 100), (one.WitnessedSize, two.WitnessedSize));
        Assert.Equal([("w1.test", 300), ("w2.test", 100)], one.WitnessedBy.Select(w => (w.Key, (int)w.Value)));

        // A line that claims to be a witness's and is not; one of a stranger is nobody's.
        Assert.True(SignedCheckpoint.TryParse(Log.Checkpoints[4], out var last, out _));
        Log.Checkpoints[4] = last.With([new NoteSignature("stranger.test", 1, new byte[72])]).ToString();
        Assert.True((await WithAsync(1)).IsIntact);
        Log.Checkpoints[4] = last.With([new NoteSignature("w1.test", keys[0].Note.Id, new byte[72])]).ToString();
        var forged = Assert.Single((await WithAsync(1)).Findings);
        Assert.Equal(LedgerFindingKind.CheckpointInvalid, forged.Kind);
        Assert.Contains("cosignature", forged.Detail, StringComparison.Ordinal);
    }
}
