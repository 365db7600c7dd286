using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Hosting;

/// <summary>
/// The socket by which a proxy on this machine says whose certificate a client showed (RFC 9440): whoever can connect can claim any identity.
/// The folder decides who that is, so it must be closed to others; the socket itself is open to the folder's group.
/// </summary>
internal static class ProxySocket
{
    private const UnixFileMode Forbidden = UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <exception cref="CommandException">The folder is missing, or others may enter it.</exception>
    internal static SocketPath Prepare(string path)
    {
        var folder = Path.GetDirectoryName(path) ?? "/";
        if (!Directory.Exists(folder))
        {
            throw new CommandException(ExitCodes.Environment, $"The folder of the proxy's socket, {folder}, is not there.", "Make it, mode 2750, owned by this user and the proxy's group (packaging/haproxy/README.md).");
        }

        return (File.GetUnixFileMode(folder) & Forbidden) == 0
            ? ApplianceHost.PrepareSocket(path)
            : throw new CommandException(ExitCodes.Usage, $"The folder of the proxy's socket, {folder}, is open to others, who could then claim any client's certificate.", $"Type: chmod g-w,o-rwx {folder}");
    }

    /// <summary>A socket is made with this process's umask (0077). In a folder with the set-group-ID bit it has the folder's group.</summary>
    internal static void OpenToGroup(string path) => File.SetUnixFileMode(path, OwnerAndGroup);
}
