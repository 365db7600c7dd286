using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace AgentPki.Server.Home;

/// <summary>
/// A Unix socket's address for any length of path: <c>sun_path</c> holds 108 octets, a home may lie deeper. The folder is then named
/// through a descriptor of this process (<c>/proc/self/fd/N/name</c>), which must stay open while the address is used.
/// </summary>
public sealed class SocketPath : IDisposable
{
    private const int Capacity = 107; // sun_path less its terminating zero
    private readonly int _folder;

    private SocketPath(string address, int folder) => (Address, _folder) = (address, folder);

    /// <summary>What <see cref="UnixDomainSocketEndPoint"/> takes.</summary>
    public string Address { get; }

    /// <exception cref="IOException">The folder cannot be opened.</exception>
    public static SocketPath For(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) <= Capacity)
        {
            return new SocketPath(path, -1);
        }

        var folder = NativeMethods.Open(Path.GetDirectoryName(path) ?? "/", NativeMethods.OpenFolderFlags);
        return folder >= 0
            ? new SocketPath(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{folder}/{Path.GetFileName(path)}"), folder)
            : throw new IOException($"The folder of {path} cannot be opened.");
    }

    public void Dispose()
    {
        if (_folder >= 0)
        {
            _ = NativeMethods.Close(_folder);
        }
    }
}
