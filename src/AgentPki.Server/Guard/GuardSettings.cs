using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Guard;

/// <summary>The guard's settings as texts: those of the command line, and behind them those of a file, by the same names.</summary>
/// <param name="commandLine">Values by name; none for what was not said.</param>
internal sealed class GuardSettings(IReadOnlyDictionary<string, IReadOnlyList<string>> commandLine, YamlSection file, string fileName)
{
    private static readonly string[] Texts =
    [
        "listen", "upstream", "appliance", "ca", "certificate", "key", "est", "credential", "max-staleness", "upstream-timeout", "oauth-issuer", "oauth-resource", "admin", "crl-dir", "on-change", "crl-every",
    ];

    private static readonly string[] Lists = ["allow", "source", "name", "crl"];

    public string? Text(string name) => commandLine.TryGetValue(name, out var values) && values.Count > 0 ? values[^1] : file.Text(Field(name), "") is { Length: > 0 } text ? text : null;

    /// <exception cref="CommandException">It is not there.</exception>
    public string Required(string name, string remedy) => Text(name) ?? throw new CommandException(ExitCodes.Usage, $"The guard needs --{name}.", remedy);

    public IReadOnlyList<string> List(string name) => commandLine.TryGetValue(name, out var values) && values.Count > 0 ? values : file.List(Field(name));

    public bool Flag(string name) => (commandLine.TryGetValue(name, out var values) && values.Count > 0) || file.Flag(Field(name), false);

    public TimeSpan Time(string name, TimeSpan fallback) => Text(name) is { } text ? Durations.Parse(text) : fallback;

    /// <exception cref="CommandException">The file has a field that nobody knows, or one that is not what it should be.</exception>
    public void RefuseUnknown()
    {
        // Known, whether this guard uses them or not.
        foreach (var name in Texts)
        {
            _ = file.Text(Field(name), "");
        }

        foreach (var name in Lists)
        {
            _ = file.List(Field(name));
        }

        _ = file.Flag(Field("upstream-http2"), false);
        file.RefuseUnknown();
        if (file.Problems is [var problem, ..])
        {
            throw new CommandException(ExitCodes.Usage, $"{problem.Source}: {problem.Field} {problem.Detail}.", $"Correct {fileName}; its fields are the options of 'agentpki guard --help' in camel case.");
        }
    }

    // crl-dir is crlDir in a file.
    private static string Field(string name) => string.Concat(name.Split('-').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
