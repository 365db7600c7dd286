using System.Security.Cryptography;

namespace AgentPki.Integration.Harness;

/// <summary>A private folder that goes away with its test. The name is short: a Unix socket's path must fit into 107 octets.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder(string? parent = null)
    {
        Path = System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), $"apki-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        // AGENTPKI_KEEP=1 leaves the remains for a post-mortem.
        if (Environment.GetEnvironmentVariable("AGENTPKI_KEEP") != "1" && Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
