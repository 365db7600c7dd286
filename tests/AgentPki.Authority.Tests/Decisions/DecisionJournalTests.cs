using System.Text;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Ledger;
using AgentPki.Ledger.Search;
using AgentPki.Testing.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Authority.Tests.Decisions;

/// <summary>The decision log: what is changed, removed or cut off is found, and what was not written to its end was never answered.</summary>
public sealed class DecisionJournalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentpki-test-journal-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Append_OverSegmentsAndRestarts_IsOneChain()
    {
        for (var start = 0; start < 3; start++)
        {
            await using var journal = await OpenAsync(segment: 600);
            await Task.WhenAll(Enumerable.Range(0, 10).Select(i => journal.AppendAsync(Members(i), CancellationToken.None).AsTask()));
        }

        Assert.True(JournalSegments.List(_folder.FullName).Count > 2);
        var result = await VerifyAsync();
        Assert.Empty(result.Findings);
        Assert.True(result.Last >= 30 && result.First == 1);
        Assert.Equal((result.Last, false), (result.Unanchored, result.IsAnchored));
    }

    [Fact]
    public async Task Open_AfterALineThatWasCutShort_DropsItAndGoesOn()
    {
        await AppendAsync(3);
        await File.AppendAllTextAsync(Path(1), "{\"seq\":5,\"prev\":\"00");
        await AppendAsync(2);
        var result = await VerifyAsync();
        Assert.Empty(result.Findings);
        Assert.Equal(6, result.Last);
    }

    [Theory]
    [InlineData("\"decision\":false", "\"decision\":true ", "was changed")]
    [InlineData("\"n\":1}", "\"n\":7}", "was changed")]
    public async Task Verify_ChangedRecord_IsFound(string from, string to, string expected)
    {
        await AppendAsync(3);
        await File.WriteAllTextAsync(Path(1), (await File.ReadAllTextAsync(Path(1))).Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Single((await VerifyAsync()).Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_RemovedRecord_IsFound()
    {
        await AppendAsync(3);
        var lines = await File.ReadAllLinesAsync(Path(1));
        await File.WriteAllTextAsync(Path(1), string.Join('\n', lines.Where((_, i) => i != 2)) + "\n");
        Assert.Contains("something was removed", Assert.Single((await VerifyAsync()).Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_WhollyRewrittenOrCutOffBehindItsAnchor_IsFoundByTheLedger()
    {
        JournalAnchor anchor;
        await using (var journal = await OpenAsync())
        {
            await journal.AppendAsync(Members(1), CancellationToken.None);
            var batch = journal.FindUnanchored() ?? throw new InvalidOperationException();
            anchor = new JournalAnchor(7, journal.Node, batch.First, batch.Count, batch.Root.ToString(), batch.Head.ToString());
            await journal.AnchoredAsync(batch, 7, CancellationToken.None);
            Assert.Null(journal.FindUnanchored()); // the line that says so waits for a decision
        }

        Assert.Empty((await VerifyAsync(anchor)).Findings);
        var whole = await File.ReadAllTextAsync(Path(1));
        await File.WriteAllTextAsync(Path(1), whole[..(whole.IndexOf('\n', StringComparison.Ordinal) + 1)]);
        Assert.Contains("its end was cut off", Assert.Single((await VerifyAsync(anchor)).Findings), StringComparison.Ordinal);

        // A log that is a chain in itself, and another one.
        File.Delete(Path(1));
        await AppendAsync(1, n: 9);
        Assert.Contains("are not those of entry 7", Assert.Single((await VerifyAsync(anchor)).Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AfterRecordsThatWereNotAnchored_AnchorsThem()
    {
        await AppendAsync(3);
        await using var journal = await OpenAsync();
        var batch = journal.FindUnanchored();
        Assert.Equal((1, 4), (batch?.First, batch?.Count));
    }

    [Fact]
    public async Task Anchor_WithTheAuthority_IsAnEntryThatVerifies()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies: []"));
        var (certificate, _) = await authority.AgentAsync("a");
        for (var i = 0; i < 5; i++)
        {
            await decider.DecideAsync(TestDecider.Call(certificate));
            await decider.Decisions.AnchorAsync(CancellationToken.None);
        }

        await decider.Decisions.AnchorAsync(CancellationToken.None); // nothing new: no entry
        var anchors = new List<JournalAnchor>();
        await foreach (var entry in ((ILedgerReader)authority.Store).SearchAsync(new LedgerQuery { Kind = LedgerEntryKind.DecisionsAnchored }, 0, CancellationToken.None))
        {
            anchors.Add(JournalAnchor.Of(entry) ?? throw new InvalidOperationException());
        }

        Assert.Equal(5, anchors.Count);
        var result = await JournalVerifier.VerifyAsync(decider.Journal.FullName, anchors, CancellationToken.None);
        Assert.Empty(result.Findings);
        Assert.Equal((1, true), (result.Unanchored, result.IsAnchored)); // the line of the last anchor
    }

    private Task<DecisionJournal> OpenAsync(long segment = 1 << 20) => DecisionJournal.OpenAsync(new JournalOptions(_folder.FullName) { SegmentOctets = segment, IsDurable = false }, NullLogger.Instance, CancellationToken.None);

    private async Task AppendAsync(int count, int n = 1)
    {
        await using var journal = await OpenAsync();
        for (var i = 0; i < count; i++)
        {
            await journal.AppendAsync(Members(n + i), CancellationToken.None);
        }
    }

    private Task<JournalVerification> VerifyAsync(params JournalAnchor[] anchors) => JournalVerifier.VerifyAsync(_folder.FullName, anchors, CancellationToken.None);

    private string Path(int segment) => JournalSegments.PathOf(_folder.FullName, segment);

    private static byte[] Members(int n) => Encoding.UTF8.GetBytes($"\"kind\":\"decision\",\"decision\":{(n == 2 ? "false" : "true")},\"n\":{n}}}");
}
