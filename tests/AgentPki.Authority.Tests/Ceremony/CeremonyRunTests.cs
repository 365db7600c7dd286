using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

public sealed class CeremonyRunTests
{
    internal const string Hierarchy = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
          - { step: root-ca, subject: "CN=Test Root,O=Test", validity: 20y }
          - { step: issuing-ca, subject: "CN=Test Issuing CA,O=Test", validity: 5y, quorum: 3 }
        """;

    [Fact]
    public async Task RunAsync_Hierarchy_ClosesWithEvidenceThatVerifies()
    {
        using var ceremony = await CreateAsync();
        var plan = ceremony.Plan(Hierarchy);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(plan));
        Assert.Empty(ceremony.Room.Warnings);
        var report = ceremony.Verify();
        Assert.Empty(report.Findings);
        Assert.Equal(2, report.Closers.Count);
        Assert.Equal(["root", "issuing"], (await ((IAuthorityStore)ceremony.Store).ListAsync(default)).Select(a => a.Name));
        Assert.Equal(LedgerEntryKind.CeremonyClosed, (await ((ILedgerStore)ceremony.Store).FindAsync((await ceremony.Store.HeadAsync(default)).Size - 1, default))!.Leaf.Kind);
        Assert.False(File.Exists(ceremony.Setting.KeyFile));
    }

    private static async Task<TestCeremony> CreateAsync() => new(await TestOfficers.CreateAsync(2, "alice", "bob", "carol"), TimeProvider.System);
}
