using System.Text;
using AgentPki.Authority.Store;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Ledger.Tests.Notes;

/// <summary>One entry's proof as one text.</summary>
public sealed class TlogProofTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Proof_Written_ReadsBackAndLeadsToTheRoot(bool withDetails)
    {
        var proof = await ProofAsync(7, withDetails);
        var text = proof.ToString();

        Assert.StartsWith("c2sp.org/tlog-proof@v1\nextra ", text, StringComparison.Ordinal);
        Assert.True(TlogProof.TryParse(text, out var read, out var error), error);
        Assert.Equal(text, read.ToString());
        var record = read.Record!;
        Assert.Equal((7, withDetails), (record.Leaf.Index, !record.IsErased));
        Assert.Equal(withDetails, record.MatchesCommitment);
        Assert.True(MerkleTree.VerifyInclusion(record.Leaf.Hash(), 7, read.Checkpoint.Checkpoint.Size, read.Path, read.Checkpoint.Checkpoint.Root));
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2")]
    [InlineData("index 7", "index 07")]
    [InlineData("index 7", "index -7")]
    [InlineData("index 7", "7")]
    [InlineData("extra ", "extra !")]
    [InlineData("\n\n", "\n")]
    public async Task Proof_Damaged_IsRefusedWithAReason(string part, string instead)
    {
        var text = (await ProofAsync(7, false)).ToString();
        var at = text.IndexOf(part, StringComparison.Ordinal);
        Assert.False(TlogProof.TryParse(text[..at] + instead + text[(at + part.Length)..], out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task Proof_WithoutOrWithAForeignExtraLine_HasNoRecord()
    {
        var proof = await ProofAsync(7, true);
        Assert.Null((proof with { Extra = null }).Record);
        Assert.True(TlogProof.TryParse((proof with { Extra = null }).ToString(), out var read, out _));
        Assert.Null(read.Extra);
        Assert.Null((proof with { Extra = "of another application"u8.ToArray() }).Record);
        Assert.Null((proof with { Extra = proof.Extra!.Value[..80] }).Record);
    }

    [Fact]
    public async Task Proof_Mutated_IsTakenOrRefusedNotThrown()
    {
        var sample = Encoding.UTF8.GetBytes((await ProofAsync(7, true)).ToString());
        var fuzz = new SeededFuzz(() => sample, octets => TlogProof.TryParse(Encoding.UTF8.GetString(octets), out var read, out _) && (read.Record is null || read.Record.Leaf.Index >= long.MinValue), FuzzWords.Text);
        fuzz.TakesSample();
        fuzz.Mutated(5, 2000);
        fuzz.Truncated();
    }

    private static async Task<TlogProof> ProofAsync(long index, bool withDetails)
    {
        var store = new InMemoryStore();
        store.Apply([.. Enumerable.Range(0, 20).Select(i => new CommitRequest(StoreSamples.Entry(LedgerEntryKind.ConfigurationChanged, ("n", $"{i}")), []))]);
        var checkpoint = Checkpoint.Of(await store.HeadAsync(Cancelled));
        var signed = new SignedCheckpoint(checkpoint, new SignedNote(checkpoint.ToNoteText(), [new NoteSignature(checkpoint.Origin, 7, new byte[64])]));
        ILedgerStore ledger = store;
        return TlogProof.Of((await ledger.FindAsync(index, Cancelled))!, await new MerkleProver(store).InclusionProofAsync(index, checkpoint.Size, Cancelled), signed, withDetails);
    }
}
