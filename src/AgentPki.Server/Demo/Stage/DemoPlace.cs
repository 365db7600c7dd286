using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Demo.Stage;

/// <summary>Where the story takes place: a folder that holds all of its state, and loopback ports that nobody listens on.</summary>
internal sealed record DemoPlace(string Root, int HttpsPort, int HttpPort, int GuardPort, int GuardAdminPort, int ToolPort)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    internal ApplianceHome Home => new(Path.Combine(Root, "home"));

    internal Uri Pki => At("https", HttpsPort);

    internal Uri PlainPki => At("http", HttpPort);

    /// <summary>The guard, which is also the name of the tool service as a resource of access tokens.</summary>
    internal Uri Tools => At("https", GuardPort);

    internal Uri GuardHealth => At("http", GuardAdminPort);

    /// <summary>Behind the guard.</summary>
    internal Uri ToolService => At("http", ToolPort);

    internal string WorkloadSocket => Path.Combine(Home.Root, "workload.sock");

    internal string Receipts => Path.Combine(FolderOf("tools"), "receipts.txt");

    /// <summary>Certificate, key and whatever else belongs to one of the cast.</summary>
    internal string FolderOf(string name) => Path.Combine(Root, name);

    internal string FileOf(string name, string file) => Path.Combine(Root, name, file);

    internal string LogOf(string name) => Path.Combine(Root, "log", $"{name}.log");

    /// <param name="folder">Null: a new one among the system's temporary files.</param>
    /// <exception cref="CommandException">The folder is not empty, or cannot be written.</exception>
    internal static DemoPlace Make(string? folder)
    {
        var root = folder ?? Path.Combine(Path.GetTempPath(), $"agentpki-demo-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        try
        {
            if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
            {
                throw new CommandException(ExitCodes.Usage, $"The folder {root} is not empty.", "Name one that is, or leave --folder out.");
            }

            Directory.CreateDirectory(root, Private);
            Directory.CreateDirectory(Path.Combine(root, "log"), Private);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Environment, $"The folder {root} cannot be written: {failure.Message}", "Name another one with --folder.", failure);
        }

        var ports = FreePorts(5);
        return new DemoPlace(RealPath(root), ports[0], ports[1], ports[2], ports[3], ports[4]);
    }

    // All of them are held until each is known.
    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            listeners.ForEach(l => l.Start());
            return [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(l => l.Dispose());
        }
    }

    // The kernel says of a program where it really lies, and the entries of the Workload API name it so.
    private static string RealPath(string path)
    {
        var real = "/";
        foreach (var part in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            real = new DirectoryInfo(next).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? next;
        }

        return real;
    }

    private static Uri At(string scheme, int port) => new(string.Create(CultureInfo.InvariantCulture, $"{scheme}://localhost:{port}"));
}
