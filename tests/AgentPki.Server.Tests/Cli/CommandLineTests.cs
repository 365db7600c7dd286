using System.CommandLine;
using AgentPki.Server.Cli;
using Xunit;

namespace AgentPki.Server.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Create_EveryVerb_HasADescriptionAndExamplesOfItself()
    {
        var verbs = Walk(CommandLine.Create(Context()), "agentpki").ToList();

        Assert.True(verbs.Count > 20);
        Assert.All(verbs, v =>
        {
            Assert.NotEmpty(v.Verb.Description!);
            Assert.Contains(v.Verb.Examples, e => e.Contains(v.Path, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData(ExitCodes.Usage, "'fly' is not a command", "agentpki --help", "fly")]
    [InlineData(ExitCodes.Usage, "'fly' is not a command", "agentpki audit --help", "audit", "fly")]
    [InlineData(ExitCodes.Usage, "--owner", "agentpki credential new --help", "credential", "new")]
    [InlineData(ExitCodes.NotRunning, "There is no appliance in", "agentpki up", "status")]
    [InlineData(ExitCodes.Usage, "There is no appliance in", "agentpki up", "serve")]
    [InlineData(ExitCodes.Usage, "There is no appliance in", "agentpki up", "audit", "verify")]
    [InlineData(ExitCodes.Usage, "There are no profiles in", "agentpki up", "profile", "list")]
    [InlineData(ExitCodes.Usage, "A ceremony has a script and officers", "--development", "ceremony")]
    [InlineData(ExitCodes.Usage, "Say which certificates", "certificate list", "revoke")]
    [InlineData(ExitCodes.Usage, "It is not said which certificates", "--all", "acme", "incident", "open", "--reason", "drill")]
    [InlineData(ExitCodes.Usage, "It is not said which certificates", "--all", "acme", "incident", "open", "--reason", "drill", "--all", "--ca", "issuing")]
    public async Task Run_WhatCannotBe_IsOneSentenceWithARemedy(int exitCode, string sentence, string remedy, params string[] arguments)
    {
        Assert.Equal(exitCode, await CommandLine.RunAsync(arguments, Context()));

        var error = _error.ToString();
        Assert.StartsWith("agentpki: ", error, StringComparison.Ordinal);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path)); // nothing was made
    }

    [Fact]
    public async Task Doctor_WithoutAHome_FailsAndSaysHowToMakeOne()
    {
        Assert.Equal(ExitCodes.CheckFailed, await CommandLine.RunAsync(["doctor"], Context()));
        Assert.Contains("agentpki up", _output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What an agent wrote into a name, shown to whoever searches: one line, and nothing that a terminal obeys.</summary>
    [Fact]
    public async Task DecisionsSearch_HostileNames_AreShownAsEscapes()
    {
        const string Resource = "crm/1\\n2027-03-01 12:00:00Z  0  permit  spiffe://a/b  read  x\\u001b[2J\\u202e\\u0441";
        var journal = Directory.CreateDirectory(Path.Combine(_folder.Path, "log"));
        await File.WriteAllTextAsync(Path.Combine(journal.FullName, "00000001.jsonl"), $$"""{"seq":1,"prev":"","kind":"decision","id":"0","time":"2027-03-01T12:00:00.000Z","asker":"spiffe://a/g","subject":"spiffe://a/b","certificate":"","action":"read","resource":"{{Resource}}","decision":false,"reasons":["not_canonical"],"policies":"","cursor":0,"request":"","correlation":""}""" + "\n");
        Assert.Equal(ExitCodes.Success, await CommandLine.RunAsync(["decisions", "search", "--folder", journal.FullName], Context()));
        var line = Assert.Single(_output.ToString().TrimEnd().Split('\n'));
        Assert.DoesNotContain(line, c => c is < ' ' or > '~');
        Assert.Contains("""crm/1\u000a2027-03-01\u002012:00:00Z""", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Für Köln, Москва", "Für Köln, Москва")]
    [InlineData("a\nb\r\tc", "a\\u000ab\\u000d\\u0009c")]
    [InlineData("\u001b[2J\u009b\u0007", "\\u001b[2J\\u009b\\u0007")]
    [InlineData("a\u202eb\u200b\u2028\ufeff", "a\\u202eb\\u200b\\u2028\\ufeff")]
    public void OneLine_StrangersText_IsShownAndNotObeyed(string text, string shown) => Assert.Equal(shown, Output.OneLine(text));

    /// <summary><c>/dev/full</c> takes nothing (ENOSPC): what a full disk does to a redirection.</summary>
    [Theory]
    [InlineData("version")]
    [InlineData("--help")]
    public async Task Run_IntoAFullDisk_SaysThatItsOutputIsIncomplete(string argument)
    {
        await using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using var error = new MemoryStream();
        var terminal = Terminal.ForStreams(full, error, interactive: false);

        Assert.Equal(ExitCodes.Environment, await CommandLine.RunAsync([argument], Context() with { Terminal = terminal }));
        Assert.Contains("Standard output took not everything", System.Text.Encoding.UTF8.GetString(error.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithNoRoomForItsError_EndsWithItsOwnExitCode()
    {
        await using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var terminal = Terminal.ForStreams(full, full, interactive: false);

        Assert.Equal(ExitCodes.NotRunning, await CommandLine.RunAsync(["status"], Context() with { Terminal = terminal }));
    }

    private CommandContext Context() => new(new Terminal(_output, _error, interactive: false), TimeProvider.System, _ => null, _folder.Path);

    private static IEnumerable<(Verb Verb, string Path)> Walk(Command command, string path)
    {
        foreach (var child in command.Subcommands.OfType<Verb>())
        {
            yield return (child, $"{path} {child.Name}");
            foreach (var grandchild in Walk(child, $"{path} {child.Name}"))
            {
                yield return grandchild;
            }
        }
    }
}
