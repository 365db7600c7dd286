using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Pkcs11;

/// <summary>A file with a PIN: one line, readable by its owner alone. PINs never travel by configuration, environment or command line.</summary>
public static class PinFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private const int LongestFile = 4096, PinLength = 32;

    /// <summary>The PIN's octets without a line end, in an array that the collector never moves; the caller zeroizes them.</summary>
    /// <exception cref="InvalidOperationException">Missing, empty, or readable by others; the message says how to mend it.</exception>
    public static byte[] Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"The PIN file {path} is missing; restore it from its backup, or correct the configuration.");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (IsLent(path) ? Others & ~UnixFileMode.GroupRead : Others)) != 0)
        {
            throw new InvalidOperationException($"The PIN file {path} can be read by others; type: chmod 600 {path}");
        }

        try
        {
            // No buffer between the file and the memory that is zeroized.
            using var file = File.OpenHandle(path);
            using var content = new PinnedMemory(LongestFile);
            var pin = content.GetSpan()[..RandomAccess.Read(file, content.GetSpan(), 0)].TrimEnd("\r\n "u8);
            if (pin.IsEmpty)
            {
                throw new InvalidOperationException($"The PIN file {path} is empty.");
            }

            var copy = PinnedMemory.NewArray(pin.Length);
            pin.CopyTo(copy);
            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The PIN file {path} cannot be read by this user: {e.Message}", e);
        }
    }

    /// <summary>Makes a file of mode 0600 with a random PIN of 128 bits in 32 hexadecimal digits. An existing file is left alone.</summary>
    /// <returns>False when the file was there already.</returns>
    public static bool CreateRandom(string path)
    {
        if (File.Exists(path))
        {
            return false;
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var pin = new PinnedMemory(PinLength);
        RandomNumberGenerator.GetItems("0123456789abcdef"u8, pin.GetSpan());
        using var file = new FileStream(path, options);
        file.Write(pin.GetSpan());
        file.Flush(flushToDisk: true);
        return true;
    }

    /// <summary>Whether systemd lent the file to this service: mode 0440 then, in a folder that nobody else can enter (systemd.exec(5), LoadCredential).</summary>
    private static bool IsLent(string path) =>
        Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder && Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetFullPath(folder);
}
