using System.Text;
using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>
/// docs/ceremonies/README.md shows what the terminal shows: each of its console blocks is typed in a fresh folder, one after the other, and what comes is
/// compared, with digests, ids and dates alike. AGENTPKI_WRITE_WALKTHROUGH=1 writes what came instead.
/// </summary>
public sealed partial class WalkThroughTests
{
    private const int Columns = 110;
    private const string Home = "/srv/ceremony";
    private static readonly string Document = Path.Combine(SourceTree.Root, "docs", "ceremonies", "README.md");

    [Fact, Trait("tier", "full")]
    public async Task ConsoleBlocks_TypedInOrder_ShowWhatIsWritten()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "nobody", "none");
        File.Copy(Path.Combine(SourceTree.Root, "docs", "ceremonies", "root-and-issuing.yaml"), room.Files.File("root-and-issuing.yaml"));
        var written = await File.ReadAllTextAsync(Document);
        var came = new StringBuilder();
        var (position, id) = (0, "");
        foreach (Match block in Block().Matches(written))
        {
            came.Append(written.AsSpan(position, block.Index - position));
            position = block.Index + block.Length;
            var command = block.Groups["command"].Value;
            var shown = await TypeAsync(room, id.Length == 0 ? command : Id().Replace(command, id));
            id = Began().Match(shown) is { Success: true } begun && command.Contains(" run ", StringComparison.Ordinal) ? begun.Groups[1].Value : id;
            came.Append($"```console\n$ {(id.Length == 0 ? command : Id().Replace(command, id))}\n{shown}```\n");
        }

        came.Append(written.AsSpan(position));
        if (Environment.GetEnvironmentVariable("AGENTPKI_WRITE_WALKTHROUGH") == "1")
        {
            await File.WriteAllTextAsync(Document, came.ToString());
        }

        Assert.NotEqual("", id);
        Assert.Equal(Alike(written), Alike(came.ToString()));
    }

    private static async Task<string> TypeAsync(CeremonyRoom room, string command)
    {
        string[] words = [.. Word().Matches(command).Select(m => m.Value.Replace("'", "", StringComparison.Ordinal))];
        Assert.Equal("agentpki", words[0]);
        await using var terminal = PseudoTerminal.Start(room.Command(null, words[1..]), Columns);
        // A new officer's passphrase is asked twice, by other words than a ceremony's.
        if (words[1..3] is ["officer", "new"])
        {
            foreach (var prompt in new[] { @"characters\): ", "again: " })
            {
                await terminal.ExpectAsync(prompt);
                terminal.Type(CeremonyRoom.PassphraseOf(words[3]));
            }
        }

        Assert.True(await room.AttendAsync(terminal) == 0, terminal.Shown);
        var lines = terminal.Shown.Replace(room.Folder, Home, StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd());
        return string.Join('\n', lines).Trim('\n') + "\n";
    }

    /// <summary>Without what is new each time, and with white space alike: where a long line breaks depends on the folder's name.</summary>
    private static string Alike(string text) => White().Replace(Changing().Replace(text, "…"), " ");

    [GeneratedRegex(@"```console\n\$ (?<command>[^\n]*)\n(?<output>.*?)```\n", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\b[0-9a-f]{32}\b")]
    private static partial Regex Id();

    [GeneratedRegex("; id ([0-9a-f]{32})")]
    private static partial Regex Began();

    [GeneratedRegex(@"'[^']*'|\S+")]
    private static partial Regex Word();

    // Digests whole, cut and in groups; proquints; dates and times; how many records there are is not among it.
    [GeneratedRegex(@"[0-9a-f]{16,64}|([0-9a-f]{4} ){7}[0-9a-f]{4}|([bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz] ){7}[a-z]{5}|20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?|20[0-9]{2}q[1-4]")]
    private static partial Regex Changing();

    [GeneratedRegex(@"\s+")]
    private static partial Regex White();
}
