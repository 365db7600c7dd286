using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Integration.Harness;

/// <summary>
/// The people of ceremonies and what they carry: a folder with officers' files and scripts, and homes. Each ceremony is the real executable at a terminal;
/// the officers answer what it asks, one after the other, unless a test has one of them do something else.
/// </summary>
internal sealed partial class CeremonyRoom : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TestOfficers _officers;

    private CeremonyRoom(TestOfficers officers) => _officers = officers;

    public string Folder => _folder.Path;

    public TempFolder Files => _folder;

    /// <summary>The home that commands are about unless they name another.</summary>
    public string Home => _folder.File("home");

    public IReadOnlyList<string> Names => [.. _officers.Roster.Officers.Select(o => o.Name)];

    public static string PassphraseOf(string officer) => Encoding.UTF8.GetString(TestOfficers.PassphraseOf(officer));

    /// <summary>Officers with their files, each under a passphrase that is cheap to test.</summary>
    public static async Task<CeremonyRoom> CreateAsync(int quorum, params string[] names)
    {
        var room = new CeremonyRoom(await TestOfficers.CreateAsync(quorum, names));
        foreach (var officer in room._officers.Roster.Officers)
        {
            await File.WriteAllBytesAsync(room._folder.File($"{officer.Name}.officer"), officer.Encode());
            await File.WriteAllTextAsync(room._folder.File($"{officer.Name}.key"), room._officers.FileOf(officer.Name));
        }

        return room;
    }

    /// <summary>An officer of that name whom no script names, with files of his own.</summary>
    public async Task<Officer> InviteStrangerAsync(string name)
    {
        var stranger = await TestOfficers.CreateAsync(2, name, "nobody");
        await File.WriteAllTextAsync(_folder.File($"{name}.key"), stranger.FileOf(name));
        return stranger.Roster.Officers[0];
    }

    /// <summary>Makes a home: <c>agentpki init</c>.</summary>
    public async Task InitAsync(string name = "test-pki", string? home = null, string publicUrl = "http://pki.test", params string[] more) =>
        (await RunAsync(home, ["init", "--name", name, "--trust-domain", "agents.test", "--public-url", publicUrl, .. more])).MustSucceed();

    /// <summary>Writes a script of these steps, YAML list items, for all officers of the room.</summary>
    /// <returns>Its file name in the folder.</returns>
    public string Script(string title, string steps, string file = "script.yaml")
    {
        File.WriteAllText(_folder.File(file), $"""
            ceremony: {title}
            officers:
              quorum: {_officers.Roster.Quorum}
              members: [{string.Join(", ", Names.Select(n => $"{n}.officer"))}]
            steps:
            {string.Join('\n', steps.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(s => "  - " + s.Trim()))}

            """);
        return file;
    }

    /// <summary>One command without a terminal.</summary>
    public Task<ToolResult> RunAsync(string? home, params string[] arguments)
    {
        var command = Command(home, arguments);
        return Tool.RunAsync(command.FileName, command.ArgumentList, folder: Folder, environment: command.Environment.Where(v => v.Value is not null).ToDictionary(v => v.Key, v => v.Value!));
    }

    /// <summary>One command at a terminal.</summary>
    public PseudoTerminal At(string? home, params string[] arguments) => PseudoTerminal.Start(Command(home, arguments));

    /// <summary>A ceremony from its beginning to its end, in which everybody does what is expected.</summary>
    /// <returns>Its evidence.</returns>
    public async Task<CeremonyEvidence> HoldAsync(string script, string? home = null)
    {
        await using var terminal = At(home, "ceremony", "run", script);
        Assert.True(await AttendAsync(terminal) == 0, terminal.Shown);
        return Evidence(terminal, home);
    }

    /// <summary>The first two administrators of a home that nobody serves: <c>agentpki admin bootstrap</c>.</summary>
    /// <returns>The file with the certificate and key of one of them.</returns>
    public async Task<string> BootstrapAsync(string? home = null)
    {
        foreach (var name in new[] { "ada", "ben" })
        {
            (await RunAsync(home, "admin", "request", name, "--no-passphrase")).MustSucceed();
        }

        (await RunAsync(home, "admin", "bootstrap", "ada=ada.csr", "ben=ben.csr", "--role", "officer", "--role", "ca-administrator", "--role", "ra-administrator")).MustSucceed();
        foreach (var name in new[] { "ada", "ben" })
        {
            await File.WriteAllTextAsync(_folder.File($"{name}.pem"), await File.ReadAllTextAsync(_folder.File($"{name}.crt")) + await File.ReadAllTextAsync(_folder.File($"{name}.key")));
        }

        return _folder.File("ada.pem");
    }

    /// <summary>Everybody answers what the terminal asks until the command ends.</summary>
    /// <param name="otherwise">What one does instead of what is expected: true when it was done; null or false for the usual.</param>
    /// <returns>The command's exit code.</returns>
    public async Task<int> AttendAsync(PseudoTerminal terminal, Func<CeremonyQuestion, Task<bool>>? otherwise = null)
    {
        var (number, next) = (0, "");
        while (await terminal.FindAsync(Asked()) is { } asked)
        {
            var expected = asked.Groups["expected"].Value;
            next = expected.Length > 0 ? Name().Match(expected).Groups[1].Value : next;
            var kind = asked.Groups["key"].Success ? CeremonyAsks.KeyFile : asked.Groups["pass"].Success ? CeremonyAsks.Passphrase : CeremonyAsks.Officer;
            var officer = kind == CeremonyAsks.Officer ? next : asked.Groups["key"].Value + asked.Groups["pass"].Value;
            if (otherwise is not null && await otherwise(new CeremonyQuestion(++number, kind, officer, asked.Groups["what"].Value)))
            {
                continue;
            }

            terminal.Type(kind switch { CeremonyAsks.Officer => officer, CeremonyAsks.KeyFile => "", _ => PassphraseOf(officer) });
        }

        return await terminal.EndAsync();
    }

    /// <summary>The evidence of the ceremony that this terminal showed.</summary>
    public CeremonyEvidence Evidence(PseudoTerminal terminal, string? home = null) => Evidence(IdOf(terminal), home);

    public CeremonyEvidence Evidence(string id, string? home = null) => new(this, Path.Combine(home ?? Home, "ceremonies", id));

    public static string IdOf(PseudoTerminal terminal) => Id().Match(terminal.Shown).Groups[1].Value;

    /// <summary>A start of the executable, with a home and nothing of this machine's environment that would matter.</summary>
    public ProcessStartInfo Command(string? home, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [SourceTree.ServerAssembly, .. arguments]) { WorkingDirectory = Folder };
        Tool.CleanEnvironment(start);
        start.Environment["AGENTPKI_HOME"] = home ?? Home;
        start.Environment["NO_COLOR"] = "1";
        return start;
    }

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex(@"officers: (?<what>[^\r\n]*)\r?\n\s*expected: (?<expected>[^\r\n]*)\r?\n\s*officer's name, or 'stop': |officer's name, or 'stop': |(?<key>[a-z0-9-]+)'s key file[^\[]*\[[^\]]*\]: |passphrase of (?<pass>[a-z0-9-]+): ")]
    private static partial Regex Asked();

    [GeneratedRegex(@"^([a-z0-9-]+) \(")]
    private static partial Regex Name();

    [GeneratedRegex("; id ([0-9a-f]{32})")]
    private static partial Regex Id();
}

/// <summary>What a ceremony's terminal asks for.</summary>
internal enum CeremonyAsks
{
    /// <summary>Who comes next.</summary>
    Officer,

    /// <summary>Where his key file lies.</summary>
    KeyFile,

    Passphrase,
}

/// <summary>One question of a ceremony's terminal.</summary>
/// <param name="Number">From 1, over the whole command.</param>
/// <param name="Officer">Whom it is expected from.</param>
/// <param name="What">What for; of an officer's name only.</param>
internal sealed record CeremonyQuestion(int Number, CeremonyAsks Asks, string Officer, string What);
