using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using AgentPki.Server.Cli;
using AgentPki.Server.Witnessing;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Server.Tests.Witnessing;

public sealed class WitnessFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Folder_WhatWasWritten_IsReadByTheNextProcess()
    {
        var log = await ToyLog.NewAsync(9);
        var folder = Open();
        Assert.Null(folder.Find(log.Origin));
        Assert.True(folder.Add(log.Key));
        Assert.False(folder.Add(log.Key));
        Assert.Null(folder.Last(log.Origin));
        folder.Replace(log.Origin, await log.SignAsync(5));
        folder.Replace(log.Origin, await log.SignAsync(9));

        folder = Open();
        Assert.Equal(log.Key.ToString(), Assert.Single(folder.Find(log.Origin)!.Keys).ToString());
        Assert.Equal((await log.SignAsync(9)).ToString(), folder.Last(log.Origin)?.ToString());
        Assert.Equal([log.Head(5), log.Head(9)], folder.History(log.Origin));
        Assert.Equal(log.Origin, folder.FindByHash(WitnessHome.HashOf(log.Origin)));
        Assert.Equal([log.Origin], folder.Logs.Select(watched => watched.Origin));
        foreach (var other in (string[])["", "..", "../logs", "/etc", WitnessHome.HashOf("another.test"), WitnessHome.HashOf(log.Origin).ToUpperInvariant()])
        {
            Assert.Null(folder.FindByHash(other));
        }
    }

    [Fact]
    public async Task Folder_ACheckpointThatIsDamagedOrAnothers_IsNoMemory()
    {
        var (log, other) = (await ToyLog.NewAsync(9), await ToyLog.NewAsync(9));
        var folder = Open();
        folder.Add(log.Key);
        folder.Replace(log.Origin, await log.SignAsync(5));
        var path = Path.Combine(Home.LogFolder(WitnessHome.HashOf(log.Origin)), "checkpoint");
        foreach (var text in (string[])["", "half", (await other.SignAsync(5)).ToString()])
        {
            File.WriteAllText(path, text);
            Assert.Throws<InvalidDataException>(() => folder.Last(log.Origin));
        }
    }

    [Fact]
    public async Task Folder_Evidence_IsKeptOnceAndNotWithoutEnd()
    {
        var log = await ToyLog.NewAsync(300);
        var folder = Open();
        folder.Add(log.Key);
        var request = new WitnessRequest(5, [], await log.Fork(1).SignAsync(5));
        Assert.True(folder.Keep(request, await log.SignAsync(5), "forked", proven: true));
        Assert.False(folder.Keep(request, await log.SignAsync(5), "forked", proven: true));
        for (var size = 6; size < 130; size++)
        {
            folder.Keep(new WitnessRequest(5, [], await log.SignAsync(size)), null, "wrong proof", proven: false);
        }

        Assert.Equal(101, folder.Evidence(log.Origin).Count);
        Assert.True(folder.Keep(new WitnessRequest(5, [], await log.Fork(1).SignAsync(7)), null, "forked", proven: true)); // noise does not keep out what counts
    }

    [Fact]
    public async Task Command_InitAddShow_TellWhatThereIs()
    {
        var log = await ToyLog.NewAsync(9);
        var vkeys = (await RunAsync(ExitCodes.Success, "init", "--name", "witness.test/w1")).Split('\n').Where(line => line.StartsWith("witness.test/w1+", StringComparison.Ordinal)).ToList();
        Assert.All(vkeys, text => Assert.True(NoteKey.TryParse(text, out var key) && key.Type.IsTimestamped));
        Assert.Equal(vkeys, (await RunAsync(ExitCodes.Success, "init", "--name", "witness.test/w1")).Split('\n').Where(line => line.StartsWith("witness.test/w1+", StringComparison.Ordinal)));
        Assert.Contains("Watching", await RunAsync(ExitCodes.Success, "add", log.Key.ToString()), StringComparison.Ordinal);
        Assert.Contains("known already", await RunAsync(ExitCodes.Success, "add", log.Key.ToString()), StringComparison.Ordinal);
        Assert.Contains("nothing cosigned yet", await RunAsync(ExitCodes.Success, "show"), StringComparison.Ordinal);
        Assert.Contains("software", await RunAsync(ExitCodes.Success, "show"), StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Home.Keys))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        // Refused in a sentence each.
        await RunAsync(ExitCodes.Usage, "add", "nonsense");
        await RunAsync(ExitCodes.Usage, "add", vkeys[0]); // a witness's key is no log's
        await RunAsync(ExitCodes.Usage, "init", "--name", "witness.test/w2");
        new WitnessFolder(Home).Keep(new WitnessRequest(5, [], await log.Fork(1).SignAsync(5)), await log.SignAsync(5), "forked", proven: true);
        Assert.Contains("FORKED", await RunAsync(ExitCodes.CheckFailed, "show"), StringComparison.Ordinal);
    }

    private WitnessHome Home => new(Path.Combine(_folder.Path, "witness"));

    private WitnessFolder Open()
    {
        Directory.CreateDirectory(Home.Logs);
        return new WitnessFolder(Home);
    }

    private async Task<string> RunAsync(int exitCode, params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        var context = new CommandContext(new Terminal(_output, _error, interactive: false), TimeProvider.System, _ => null, _folder.Path);
        Assert.Equal(exitCode, await CommandLine.RunAsync(["witness", .. arguments, "--home", Home.Root], context));
        return _output.ToString();
    }
}
