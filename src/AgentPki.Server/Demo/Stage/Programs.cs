using System.Diagnostics;
using System.Globalization;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Demo.Stage;

/// <summary>How the processes of the story are started: all of them are this program.</summary>
internal sealed class Programs(DemoPlace place)
{
    private const string Name = "agentpki";
    private readonly string _host = Environment.ProcessPath ?? throw new CommandException(ExitCodes.Environment, "This program does not know its own file.", "Start it by its path.");

    private static string Assembly => Path.Combine(AppContext.BaseDirectory, $"{Name}.dll");

    private bool RunsByHost => Path.GetFileNameWithoutExtension(_host) == "dotnet";

    /// <summary>The home and the ports of the story, and of this process's own settings none.</summary>
    internal Dictionary<string, string> Variables => new(StringComparer.Ordinal)
    {
        [CommandContext.HomeVariable] = place.Home.Root,
        [ConfigurationReader.HttpsPortVariable] = place.HttpsPort.ToString(CultureInfo.InvariantCulture),
        [ConfigurationReader.HttpPortVariable] = place.HttpPort.ToString(CultureInfo.InvariantCulture),
        ["NO_COLOR"] = "1",
    };

    /// <summary>A verb of this program.</summary>
    internal ProcessStartInfo Verb(params IEnumerable<string> arguments) => RunsByHost ? Start(_host, [Assembly, .. arguments]) : Start(_host, arguments);

    /// <summary>
    /// The same, as a program of its own: a copy of the executable's few octets under another path beside links to the rest. So the kernel can tell agents apart that one user runs (<c>unix:path</c>).
    /// </summary>
    /// <returns>Its path.</returns>
    /// <exception cref="CommandException">There is no executable to copy.</exception>
    internal string MakeProgram(string name)
    {
        var (own, copy) = (Path.Combine(AppContext.BaseDirectory, Name), place.FileOf(name, name));
        if (!File.Exists(own))
        {
            throw new CommandException(ExitCodes.Environment, $"There is no executable {own}.", "Start the demo with the launcher ./agentpki, or from a published folder.");
        }

        Directory.CreateDirectory(place.FolderOf(name));
        File.Copy(own, copy);
        File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (File.Exists(Assembly))
        {
            File.CreateSymbolicLink(place.FileOf(name, $"{Name}.dll"), Assembly);
        }

        return copy;
    }

    internal ProcessStartInfo Agent(string program, params IEnumerable<string> arguments) => Start(program, ["demo", "agent", .. arguments]);

    private ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = place.Root };
        foreach (var foreign in start.Environment.Keys.Where(k => k.StartsWith("AGENTPKI_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(foreign);
        }

        foreach (var (variable, value) in Variables)
        {
            start.Environment[variable] = value;
        }

        if (RunsByHost && !start.Environment.ContainsKey("DOTNET_ROOT"))
        {
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(File.ResolveLinkTarget(_host, returnFinalTarget: true)?.FullName ?? _host);
        }

        return start;
    }
}
