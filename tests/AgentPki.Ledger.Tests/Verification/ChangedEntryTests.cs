using System.Collections.Immutable;
using AgentPki.Ledger.Verification;
using Xunit;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>Entries that were changed, removed, added or exchanged are named.</summary>
public sealed class ChangedEntryTests : TamperedLogTests
{
    [Fact]
    public async Task Verify_DetailsChanged_NamesTheEntry()
    {
        var record = Log.Records[250];
        var forged = record.Details! with { Actor = "somebody else" };
        Log.Records[250] = record with { EncodedDetails = (ReadOnlyMemory<byte>)forged.Encode() };

        await AssertFinds(LedgerFindingKind.Changed, 250, 250);
    }

    [Fact]
    public async Task Verify_LeafFieldChanged_NamesTheEntry()
    {
        Log.Records[250] = Log.Records[250] with { Leaf = Log.Records[250].Leaf with { TimeMilliseconds = 1 } };

        await AssertFinds(LedgerFindingKind.Changed, 250, 250);
    }

    [Fact]
    public async Task Verify_EntryRewrittenWithItsCommitment_NamesTheTileUnderTheCheckpoint()
    {
        // The forger does it well: new details, new salt, a commitment that fits. Only the tree can tell, and stored hashes say where.
        Log.Records[270] = Rewrite(Log.Records[270], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));

        var finding = Assert.Single((await VerifyAsync(withRecords: false)).Findings);
        Assert.Equal((LedgerFindingKind.Changed, 256L, 299L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_EntryAndStoredHashesRewritten_NamesTheRangeBetweenCheckpoints()
    {
        Log.Records[270] = Rewrite(Log.Records[270], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));
        RecomputeNodes();

        var finding = Assert.Single((await VerifyAsync(withRecords: false)).Findings);
        Assert.Equal((LedgerFindingKind.Changed, 200L, 299L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_EntryRemoved_NamesIt()
    {
        Log.Records.RemoveAt(250);

        await AssertFinds(LedgerFindingKind.Removed, 250, 250);
    }

    [Theory]
    [InlineData(250, 1)]
    [InlineData(3, 5)]
    [InlineData(590, 2)]
    public async Task Verify_EntriesRemovedAndTheRestRenumbered_NamesThem(int at, int count)
    {
        Log.Records.RemoveRange(at, count);
        Renumber();

        await AssertFinds(LedgerFindingKind.Removed, at, at + count - 1);
    }

    [Fact]
    public async Task Verify_LastButOneRemovedAndTheLastRenumbered_NamesIt()
    {
        Log.Records.RemoveAt(Entries - 2);
        Renumber();

        await AssertFinds(LedgerFindingKind.Reordered, Entries - 2, Entries - 2);
    }

    [Fact]
    public async Task Verify_EntryInsertedAndTheRestRenumbered_NamesIt()
    {
        Log.Records.Insert(250, Log.Records[250]);
        Renumber();
        Log.Records[250] = Rewrite(Log.Records[250], new LedgerDetails("somebody else", ImmutableSortedDictionary<string, string>.Empty));

        await AssertFinds(LedgerFindingKind.Inserted, 250, 250);
    }

    [Theory]
    [InlineData(250, 300)]
    [InlineData(250, 251)]
    public async Task Verify_EntriesExchanged_NamesBoth(int a, int b)
    {
        (Log.Records[a], Log.Records[b]) = (Log.Records[b], Log.Records[a]);
        Renumber();

        await AssertFinds(LedgerFindingKind.Reordered, a, a);
        await AssertFinds(LedgerFindingKind.Reordered, b, b);
    }
}
