using System.Collections.Immutable;
using AgentPki.Ledger.Verification;
using Xunit;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>A log that was cut off or set back, and restores that say so or keep silent.</summary>
public sealed class CutLogTests : TamperedLogTests
{
    [Fact]
    public async Task Verify_CutOffBehindACheckpoint_NamesWhatIsMissing()
    {
        Log.Records.RemoveRange(550, 50);
        Log.Certificates.RemoveAll(c => c.Leaf >= 550);
        Log.Revocations.RemoveAll(r => r.Leaf >= 550);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.Truncated, 550L, 599L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_SetBackWithItsCheckpoints_IsToldByTheExternalOne()
    {
        var external = Log.Checkpoints[^1];
        Log.Records.RemoveRange(300, 300);
        Log.Certificates.RemoveAll(c => c.Leaf >= 300);
        Log.Revocations.RemoveAll(r => r.Leaf >= 300);
        Log.Checkpoints.RemoveRange(3, 3);

        Assert.True((await VerifyAsync()).IsIntact);
        var finding = Assert.Single((await VerifyAsync(external: external)).Findings);
        Assert.Equal((LedgerFindingKind.Truncated, 300L, 599L), (finding.Kind, finding.First, finding.Last));
    }

    [Fact]
    public async Task Verify_RestoreThatSaysSo_IsNotedNotBlamed()
    {
        // Signed at 600; a backup of 300 entries was restored, and its new epoch cites the old head.
        var (external, old) = (Log.Checkpoints[^1], Log.Head);
        SetBackTo(300);
        AppendEpoch(ImmutableSortedDictionary<string, string>.Empty.Add(LedgerFacts.PreviousSize, "600").Add(LedgerFacts.PreviousRoot, old.Root.ToBase64()));
        Log.Checkpoints.Add((await SignAsync(Log.Head)).ToString());

        var result = await VerifyAsync(external: external);

        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
        Assert.Contains("300 to 599", Assert.Single(result.Restores), StringComparison.Ordinal);
        Assert.Equal((2, 301), (result.Head.Epoch, result.CoveredSize));
    }

    [Fact]
    public async Task Verify_RestoreThatKeepsSilent_IsBlamed()
    {
        var external = Log.Checkpoints[^1];
        SetBackTo(300);
        AppendEpoch(ImmutableSortedDictionary<string, string>.Empty);

        await AssertFinds(LedgerFindingKind.Truncated, 300, 599, external);
    }

    [Fact]
    public async Task Verify_EpochRaisedWithoutItsEntry_IsNamed()
    {
        for (var i = 300; i < Entries; i++)
        {
            var leaf = Log.Records[i].Leaf with { Epoch = 2 };
            Log.Records[i] = Rewrite(Log.Records[i] with { Leaf = leaf }, Log.Records[i].Details!);
        }

        await AssertFinds(LedgerFindingKind.EpochBroken, 300, 300);
    }

    [Fact]
    public async Task Verify_EverythingGone_IsNamed()
    {
        Log.Records.Clear();

        await AssertFinds(LedgerFindingKind.Truncated, 0, 599);
    }
}
