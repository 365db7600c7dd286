using System.Collections.Immutable;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Server.Cli;
using AgentPki.Server.Demo;
using Xunit;

namespace AgentPki.Server.Tests.Demo;

public sealed class LedgerStoryTests
{
    private const string Boss = "spiffe://agents.localhost/agent/orchestrator";

    private static readonly (LedgerEntryKind Kind, string Agent)[] Told =
    [
        (LedgerEntryKind.AgentsRegistered, Boss), (LedgerEntryKind.CertificateIssued, Boss), (LedgerEntryKind.TokenIssued, Boss),
        (LedgerEntryKind.DelegationGranted, $"{Boss}/reader"), (LedgerEntryKind.CertificateIssued, $"{Boss}/reader"),
        (LedgerEntryKind.DelegationGranted, $"{Boss}/writer"), (LedgerEntryKind.CertificateIssued, $"{Boss}/writer"),
        (LedgerEntryKind.TokenRefused, $"{Boss}/reader"), (LedgerEntryKind.BehaviourAnswered, $"{Boss}/reader"),
        (LedgerEntryKind.CertificateRevoked, $"{Boss}/reader"), (LedgerEntryKind.CertificateRevoked, Boss),
    ];

    [Fact]
    public void Find_AsItWasTold_HasEveryTurnBetweenOtherEntries()
    {
        var ledger = Records([.. Told.SelectMany(t => new[] { t, (LedgerEntryKind.DecisionsAnchored, "appliance") })]);
        Assert.Equal(Told.Select(t => t.Kind), LedgerStory.Find(ledger).Select(t => t.Record.Leaf.Kind));
    }

    [Fact]
    public void Find_WithoutAnyOneTurn_NamesIt()
    {
        for (var left = 0; left < Told.Length; left++)
        {
            var missing = Assert.Throws<CommandException>(() => LedgerStory.Find(Records([.. Told.Where((_, i) => i != left)])));
            Assert.Contains("does not tell that", missing.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Find_WithTwoTurnsInTheOtherOrder_IsNotTheStory()
    {
        (LedgerEntryKind, string)[] turned = [.. Told];
        (turned[8], turned[9]) = (turned[9], turned[8]);
        Assert.Throws<CommandException>(() => LedgerStory.Find(Records(turned)));
    }

    private static List<LedgerRecord> Records(IReadOnlyList<(LedgerEntryKind Kind, string Agent)> entries)
    {
        var log = LogId.Generate();
        return [.. entries.Select((e, i) => new LedgerRecord(
            new LedgerLeaf(log, 1, i, i, e.Kind, new MerkleHash(new byte[32])), null, (ReadOnlyMemory<byte>)new LedgerDetails("appliance", ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("agent", e.Agent)).Encode()))];
    }
}
