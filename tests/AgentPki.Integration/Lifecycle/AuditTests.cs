using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Lifecycle;

/// <summary><c>agentpki audit verify</c> offline, on a home that somebody with the disk in hand has changed.</summary>
public sealed class AuditTests(AuditedHome audited) : IClassFixture<AuditedHome>
{
    [Fact]
    public async Task Verify_OfAnUntouchedHome_Succeeds() => (await (await audited.GetAsync()).VerifyCopyAsync()).MustSucceed();

    [Fact]
    public async Task Verify_WithoutTheDatabasesCheckpoints_TrustsTheFileBesideIt() =>
        Assert.Contains("signed checkpoints", (await (await audited.GetAsync()).VerifyCopyAsync("DELETE FROM checkpoints")).MustSucceed().Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("a changed commitment", "UPDATE ledger SET commitment = zeroblob(32) WHERE leaf = 3")]
    [InlineData("changed details", "UPDATE ledger SET details = CAST(replace(CAST(details AS TEXT), 'a', 'b') AS BLOB) WHERE leaf = 4")]
    [InlineData("a changed time", "UPDATE ledger SET time = time + 1 WHERE leaf = 3")]
    [InlineData("a changed kind", "UPDATE ledger SET kind = 11 WHERE kind = 10")]
    [InlineData("an entry removed from the middle", "DELETE FROM ledger WHERE leaf = 3")]
    [InlineData("the last entry removed", "DELETE FROM ledger WHERE leaf = (SELECT max(leaf) FROM ledger)")]
    [InlineData("the last five entries removed", "DELETE FROM ledger WHERE leaf > (SELECT max(leaf) - 5 FROM ledger)")]
    [InlineData("two entries in each other's place", "UPDATE ledger SET leaf = -1 WHERE leaf = 3; UPDATE ledger SET leaf = 3 WHERE leaf = 4; UPDATE ledger SET leaf = 4 WHERE leaf = -1")]
    [InlineData("an entry slipped in at the end", "INSERT INTO ledger SELECT max(leaf) + 1, epoch, time, kind, commitment, salt, details FROM ledger")]
    [InlineData("everything removed", "DELETE FROM ledger; DELETE FROM checkpoints; DELETE FROM merkle_nodes")]
    public async Task Verify_OfAChangedHome_FindsIt(string what, string sql)
    {
        var result = await (await audited.GetAsync()).VerifyCopyAsync(sql);
        Assert.True(result.ExitCode == 1, $"{what}: exit code {result.ExitCode}\n{result.Text}\n{result.Error}");
        Assert.DoesNotContain("   at ", result.Text + result.Error, StringComparison.Ordinal);
    }
}

/// <summary>The home of an appliance that did some work and was ended; each test changes a copy.</summary>
public sealed class AuditedHome : IAsyncDisposable
{
    private readonly Lazy<Task<AuditedHome>> ready;
    private Appliance? appliance;
    private int copies;

    public AuditedHome() => ready = new(StartAsync);

    internal Task<AuditedHome> GetAsync() => ready.Value;

    /// <summary>Copies the home, lets the vandal at it, and verifies.</summary>
    internal async Task<ToolResult> VerifyCopyAsync(string? sql = null)
    {
        var copy = $"{appliance!.Home}-{Interlocked.Increment(ref copies)}";
        (await Tool.RunAsync("cp", ["-a", appliance.Home, copy])).MustSucceed();
        if (sql is not null)
        {
            Assert.True(new HomeStore(copy).Vandalize(sql) > 0, "the vandal changed nothing");
        }

        return await appliance.Cli.RunWithAsync(new Dictionary<string, string> { ["AGENTPKI_HOME"] = copy }, "audit", "verify");
    }

    public async ValueTask DisposeAsync()
    {
        if (appliance is not null)
        {
            await appliance.DisposeAsync();
        }
    }

    private async Task<AuditedHome> StartAsync()
    {
        appliance = await Appliance.StartNewAsync();
        for (var i = 0; i < 4; i++)
        {
            var agent = await EnrolledAgent.CreateAsync(appliance, "audited");
            await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("refused"))), agent.Certificate);
        }

        Assert.Equal(0, await appliance.StopAsync());
        return this;
    }
}
