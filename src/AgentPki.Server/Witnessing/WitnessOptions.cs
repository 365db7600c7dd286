using System.Net;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Witnessing;

/// <summary>A witness's configuration, <c>witness.yaml</c>.</summary>
/// <param name="Name">Of its keys: a URL without its scheme, as C2SP wants it.</param>
/// <param name="Listen">Where it takes heads, plain HTTP: what comes and goes is signed.</param>
/// <param name="Token">Where its keys are; null: in files of its home.</param>
public sealed record WitnessOptions(string Name, IPEndPoint Listen, TokenOptions? Token, int RequestsPerSecond)
{
    /// <exception cref="CommandException">There is none, or it is wrong.</exception>
    public static WitnessOptions Load(WitnessHome home)
    {
        if (!File.Exists(home.ConfigurationFile))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no witness in {home.Root}.", $"Type 'agentpki witness init --name NAME', or name its home with --home or {WitnessHome.Variable}.");
        }

        var root = YamlSection.Parse(File.ReadAllText(home.ConfigurationFile), home.ConfigurationFile);
        var name = root.Text("name", "");
        if (!Ledger.Notes.SignedNote.IsKeyName(name) || name.Length > 200)
        {
            root.Report("name", "must be 1 to 200 characters without spaces and '+', best a URL without its scheme: witness.example.org/w1");
        }

        var listen = root.Text("listen", DefaultListen);
        if (!IPEndPoint.TryParse(listen, out var endPoint) || !listen.Contains(':', StringComparison.Ordinal))
        {
            root.Report("listen", $"'{listen}' must be ADDRESS:PORT");
        }

        var token = root.Section("token").IsPresent ? TokenReader.Read(root)[0] : null;
        var options = new WitnessOptions(name, endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), token, root.Number("requestsPerSecond", 100, 1, 1_000_000));
        root.RefuseUnknown();
        return root.Problems.Count == 0
            ? options
            : throw new CommandException(ExitCodes.Usage, $"The configuration is wrong: {string.Join("; ", root.Problems)}.", "Correct it and start again.");
    }

    /// <summary>Where a witness listens unless told.</summary>
    public const string DefaultListen = "127.0.0.1:8090";
}
