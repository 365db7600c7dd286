using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Lifecycle;

/// <summary>The launcher at the top of the tree: builds when it must, then becomes the one executable.</summary>
[Trait("tier", "full")]
public sealed class LauncherTests
{
    private static readonly string Launcher = Path.Combine(SourceTree.Root, "agentpki");

    [Fact]
    public async Task Launcher_FromAnyFolder_RunsEveryVerbsHelp()
    {
        using var folder = new TempFolder();
        (await Tool.RunAsync(Launcher, ["version"], folder: folder.Path, limit: TimeSpan.FromMinutes(5))).MustSucceed();
        var help = (await Tool.RunAsync(Launcher, ["--help"], folder: folder.Path)).MustSucceed().Text;
        foreach (var verb in new[] { "up", "serve", "ceremony", "doctor", "status", "revoke", "approval", "audit" })
        {
            Assert.Contains($"  {verb}", help, StringComparison.Ordinal);
            var verbHelp = (await Tool.RunAsync(Launcher, [verb, "--help"], folder: folder.Path)).MustSucceed().Text;
            Assert.Contains($"agentpki {verb}", verbHelp, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path)); // asking for help makes nothing
    }

    [Fact]
    public async Task Launcher_OnWrongWords_FailsInOneSentence()
    {
        using var folder = new TempFolder();
        var result = (await Tool.RunAsync(Launcher, ["fly"], folder: folder.Path, limit: TimeSpan.FromMinutes(5))).MustFail();
        Assert.Equal(2, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launcher_WithoutAHome_SaysHowToMakeOne()
    {
        using var folder = new TempFolder();
        var result = (await Tool.RunAsync(Launcher, ["status"], folder: folder.Path, limit: TimeSpan.FromMinutes(5))).MustFail();
        Assert.Contains("agentpki up", result.Error + result.Text, StringComparison.Ordinal);
    }
}
