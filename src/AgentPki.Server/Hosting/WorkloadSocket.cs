using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Hosting;

/// <summary>
/// The Workload API's socket. Who may connect is said by its mode and its folder's; who gets an identity there, by attestation. Others must not be able to put another socket in its place,
/// for workloads believe whoever answers.
/// </summary>
internal static class WorkloadSocket
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Group = Owner | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode Everyone = Group | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <exception cref="CommandException">The folder is missing, or others may write to it.</exception>
    internal static SocketPath Prepare(string path)
    {
        var folder = Path.GetDirectoryName(path) ?? "/";
        if (!Directory.Exists(folder))
        {
            throw new CommandException(ExitCodes.Environment, $"The folder of the Workload API's socket, {folder}, is not there.", "Make it, or with systemd have it made (RuntimeDirectory=).");
        }

        return (File.GetUnixFileMode(folder) & OthersWrite) == 0
            ? ApplianceHost.PrepareSocket(path)
            : throw new CommandException(ExitCodes.Usage, $"Others may write to the folder of the Workload API's socket, {folder}, and put a socket of their own there.", $"Type: chmod go-w {folder}");
    }

    /// <summary>A socket is made with this process's umask (0077).</summary>
    internal static void Open(string path, SocketAccess access) => File.SetUnixFileMode(path, access switch
    {
        SocketAccess.Owner => Owner,
        SocketAccess.Group => Group,
        SocketAccess.Everyone => Everyone,
    });
}
