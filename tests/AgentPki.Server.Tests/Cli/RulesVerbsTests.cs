using AgentPki.Server.Cli;
using Xunit;

namespace AgentPki.Server.Tests.Cli;

/// <summary>Rules that lie in one file of the home are checked without a server.</summary>
public sealed class RulesVerbsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("watch", "responses: {low: {refusals: suspend}}", ExitCodes.Success, "The rules are in order (SHA-256 ")]
    [InlineData("watch", "detectors:\n  burst: {bound: many}\nresponses: {low: {refusals: kill}}", ExitCodes.CheckFailed, "watch.yaml:2: detectors.burst.bound", "watch.yaml:3: responses.low.refusals: 'kill' is unknown; known: alert, narrow, suspend, suspend-family, revoke-family")]
    [InlineData("registry", "tiers: {low: {register: [owner]}}", ExitCodes.Success, "The rules are in order (SHA-256 ")]
    [InlineData("registry", "tiers: {lowest: {register: [owner]}}", ExitCodes.CheckFailed, "registry.yaml:1: tiers.lowest: unknown field")]
    public async Task Check_OfAFile_SaysThatItIsInOrderOrNamesEachMistake(string verb, string yaml, int exitCode, params string[] says)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "rules.yaml"), yaml, TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, await CommandLine.RunAsync([verb, "check", "rules.yaml"], new CommandContext(new Terminal(_output, _error, interactive: false), TimeProvider.System, _ => null, _folder.Path)));

        Assert.All(says, text => Assert.Contains(text, $"{_output}{_error}", StringComparison.Ordinal));
    }
}
