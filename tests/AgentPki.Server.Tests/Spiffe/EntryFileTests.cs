using System.Collections.Immutable;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Spiffe;
using Xunit;

namespace AgentPki.Server.Tests.Spiffe;

/// <summary>The file that says which processes are which agents.</summary>
public sealed class EntryFileTests
{
    private const string Good = "entries:\n  - name: billing\n    id: /agent/billing\n    owner: team-a\n    selectors: [unix:uid:1000]\n";

    [Fact]
    public void Read_WholeEntry_IsAsItIsWritten()
    {
        var (entries, problems) = Read("""
            entries:
              - name: billing
                id: spiffe://agents.test/agent/billing
                owner: team-a
                selectors: [unix:uid:1000, "unix:path:/opt/a:b"]
                profile: workload
                ttl: 10m
                dns: [billing.agents.test]
                federates: [partner.example]
                hint: internal
            """);

        Assert.Empty(problems);
        var entry = Assert.Single(entries);
        Assert.Equal(("billing", "spiffe://agents.test/agent/billing", "team-a", "workload", TimeSpan.FromMinutes(10), "internal"), (entry.Name, entry.Id, entry.Owner, entry.Profile, entry.Lifetime, entry.Hint));
        Assert.Equal([new WorkloadSelector("unix", "uid", "1000"), new WorkloadSelector("unix", "path", "/opt/a:b")], entry.Selectors);
        Assert.Equal(["billing.agents.test"], entry.DnsNames);
        Assert.Equal(["partner.example"], entry.Federates);
    }

    [Fact]
    public void Read_EntriesOfANewHome_AreInOrder() => Assert.Empty(Read(DefaultConfiguration.Entries(1000)).Problems);

    [Theory]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:path:/usr/bin/a]}]", "who runs the process")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: []}]", "who runs the process")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:user:alice]}]", "nothing here says 'unix:user'")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [uid]}]", "TYPE:NAME:VALUE")]
    [InlineData("entries: [{name: a, id: 'spiffe://other.test/a', owner: o, selectors: [unix:uid:1]}]", "this appliance's trust domain")]
    [InlineData("entries: [{name: a, id: /a//b, owner: o, selectors: [unix:uid:1]}]", "neither a SPIFFE ID")]
    [InlineData("entries: [{name: a, id: /agent/a, selectors: [unix:uid:1]}]", "who answers for the agent")]
    [InlineData("entries: [{name: A, id: /agent/a, owner: o, selectors: [unix:uid:1]}]", "lower-case")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1], profile: agent}]", "authentication: workload: true")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1], ttl: 3d}]", "from 1m to 1h")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1], dns: ['*.x']}]", "not a DNS name")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1], federates: [agents.test]}]", "foreign trust domain")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1], selector: x}]", "is not a field here")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1]}, {name: a, id: /agent/b, owner: o, selectors: [unix:uid:1]}]", "is there twice")]
    [InlineData("entries: [{name: a, id: /agent/a, owner: o, selectors: [unix:uid:1]}, {name: b, id: /agent/a, owner: p, selectors: [unix:uid:1]}]", "an agent has one owner")]
    [InlineData("entries: x", "must be a list")]
    [InlineData("entries: [", "")]
    public void Read_Mistake_IsNamed(string text, string problem) => Assert.Contains(Read(text).Problems, p => p.ToString().Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Load_OthersMayWrite_IsNotRead()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "entries.yaml");
        File.WriteAllText(path, Good);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(Good, EntryFile.Load(path).Text);

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);

        Assert.Contains("chmod go-w", EntryFile.Load(path).Problem, StringComparison.Ordinal);
    }

    private static (ImmutableArray<WorkloadEntry> Entries, IReadOnlyList<ConfigurationProblem> Problems) Read(string text) =>
        new EntryReader("agents.test", ProfileCatalog.Defaults(), WorkloadAttestors.All()).Read(text, "entries.yaml");
}
