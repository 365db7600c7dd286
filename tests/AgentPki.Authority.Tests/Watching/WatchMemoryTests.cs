using AgentPki.Authority.Watching;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

/// <summary>What was learnt outlives a restart, and rules that change at run time are taken up.</summary>
public sealed class WatchMemoryTests : IDisposable
{
    private const string Rules = "responsesAnHour: 1\ndetectors: {refusals: {bound: 5}}\nresponses: {low: {refusals: suspend}}\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentpki-test-watch-");

    private string Memory => Path.Combine(_folder.FullName, "data", "behaviour.bin");

    [Fact]
    public async Task Restart_CountsAndLimit_GoOn()
    {
        await using var authority = await StartAsync();
        var (id, other) = (await authority.WatchedAgentAsync("a.agents.test"), await authority.WatchedAgentAsync("b.agents.test"));
        await authority.RefuseAsync(id, 4);
        await authority.RefuseAsync(other, 3);
        await authority.RestartAsync();
        Assert.Equal([Memory], Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories));

        await authority.RefuseAsync(id, 1);
        Assert.Equal(id, Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered, 1))["agent"]);

        // One in an hour: a restart makes no room for another.
        await authority.RestartAsync();
        await authority.RefuseAsync(other, 2);
        Assert.Equal(other, Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourNotAnswered, 1))["agent"]);
    }

    [Theory]
    [InlineData("cut short")]
    [InlineData("another octet")]
    [InlineData("empty")]
    public async Task Restart_MemoryThatIsDamaged_IsLearntAnewAndWrittenAgain(string damage)
    {
        await using var authority = await StartAsync();
        var id = await authority.WatchedAgentAsync("a.agents.test");
        await authority.RefuseAsync(id, 4);
        await authority.Services.Watch.DisposeAsync();
        var written = await File.ReadAllBytesAsync(Memory, TestContext.Current.CancellationToken);
        Assert.Equal(1, new BehaviourMemory(Memory, new LogLines()).Load(WatchRulesTests.Read(Rules).Settings).Agents);
        written[^40] ^= 1;
        await File.WriteAllBytesAsync(Memory, damage switch { "empty" => [], "cut short" => written[..(written.Length / 2)], _ => written }, TestContext.Current.CancellationToken);

        // A process that was killed while it wrote leaves this; what it is is of no interest to anybody.
        await File.WriteAllBytesAsync(Memory + ".new", written[..20], TestContext.Current.CancellationToken);
        var log = new LogLines();
        var memory = new BehaviourMemory(Memory, log);
        var model = memory.Load(WatchRules.BuiltIn.Settings);

        Assert.Equal(0, model.Agents);
        Assert.Contains("learnt anew", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.True(memory.Save(model));
        Assert.Equal([Memory], Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories));
        memory.Load(WatchRules.BuiltIn.Settings);
        Assert.Contains("of 0 agents was read", log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Save_ThatFails_LeavesWhatWasThere_AndSaysSo()
    {
        var log = new LogLines();
        var memory = new BehaviourMemory(Memory, log);
        var model = new Agents.Behaviour.BehaviourModel(WatchRules.BuiltIn.Settings);
        model.Observe(new Agents.Behaviour.BehaviourEvent(DateTimeOffset.UnixEpoch, "a", Agents.Behaviour.BehaviourKind.Denied));
        Assert.True(memory.Save(model));
        Directory.CreateDirectory(Memory + ".new");

        model.Forget("a");
        Assert.False(memory.Save(model));

        Assert.Contains("was not written", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Equal(1, memory.Load(WatchRules.BuiltIn.Settings).Agents);
    }

    [Fact]
    public async Task Maintain_EveryQuarterOfAnHour_KeepsWhatWasLearnt()
    {
        await using var authority = await StartAsync();
        var id = await authority.WatchedAgentAsync("a.agents.test");
        await authority.RefuseAsync(id, 5);
        await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered, 1);
        await authority.Services.MaintainAsync(default);
        Assert.False(File.Exists(Memory));

        authority.Time.Advance(TimeSpan.FromMinutes(15));
        await authority.Services.MaintainAsync(default);

        // Killed here, another finds what was counted.
        Assert.Equal(1, new BehaviourMemory(Memory, new LogLines()).Load(WatchRulesTests.Read(Rules).Settings).Agents);
    }

    [Fact]
    public async Task Rules_ChangedWhileItRuns_ServeFromTheNextRoundOn_AndBrokenOnesDoNot()
    {
        var file = new RulesFolder(isGoverned: false, Rules);
        await using var authority = await StartAsync(file);
        var id = await authority.WatchedAgentAsync("a.agents.test");

        file.Text = "detectors: {refusals: {bound: few}}";
        await authority.Services.MaintainAsync(default);
        Assert.Contains("watch.yaml:1: detectors.refusals.bound", authority.Services.WatchRules.Problem, StringComparison.Ordinal);
        Assert.Equal(WatchRulesTests.Read(Rules).Digest, Assert.Single(await authority.EntriesAsync(LedgerEntryKind.WatchRulesRefused))["digest"]);
        Assert.Equal(5u, authority.Services.WatchRules.Current.Settings.Of(Agents.Behaviour.Detector.Refusals).Bound);

        file.Text = Rules.Replace("bound: 5", "bound: 2", StringComparison.Ordinal).Replace("suspend", "alert", StringComparison.Ordinal);
        await authority.Services.MaintainAsync(default);
        await authority.RefuseAsync(id, 2);

        Assert.Equal((id, "alert"), Assert.Single(await authority.EntriesAsync(LedgerEntryKind.BehaviourFound, 1)) is var found ? (found["agent"], found["decision"]) : default);
        Assert.Equal(found["digest"], Assert.Single(await authority.EntriesAsync(LedgerEntryKind.WatchRulesChanged))["digest"]);
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.BehaviourAnswered));
    }

    [Fact]
    public async Task Rules_OfAProductionHome_ServeAsApproved()
    {
        var file = new RulesFolder(isGoverned: true, Rules);
        await using var authority = await StartAsync(file);
        Assert.Equal("watch.yaml was never approved; 'agentpki watch apply' asks for it", authority.Services.WatchRules.Problem);
        Assert.Equal(WatchRules.BuiltIn, authority.Services.WatchRules.Current);
        await authority.Services.WatchRules.ApplyAsync(System.Text.Encoding.UTF8.GetBytes(Rules), "admin:a", "c", default);

        file.Text = "responses: {}";
        await authority.Services.MaintainAsync(default);

        Assert.StartsWith("watch.yaml is not as it was approved", authority.Services.WatchRules.Problem, StringComparison.Ordinal);
        Assert.Equal(WatchRulesTests.Read(Rules).Digest, authority.Services.WatchRules.Current.Digest);
        Assert.Equal(Authority.Registry.RegistryRules.BuiltIn, authority.Services.RegistryRules.Current);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<TestAuthority> StartAsync(RulesFolder? rules = null) => WatchedAuthority.StartAsync(rules ?? new RulesFolder(isGoverned: false, Rules), environment => environment with { BehaviourMemory = Memory });
}
