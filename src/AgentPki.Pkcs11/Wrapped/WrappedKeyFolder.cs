using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>A folder with one file per wrapped key, of mode 0600, each whole or absent after a crash.</summary>
internal sealed partial class WrappedKeyFolder(string path)
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    /// <summary>O_RDONLY | O_CLOEXEC; what a lock that is held answers: EWOULDBLOCK, ERROR_SHARING_VIOLATION.</summary>
    private const int ReadOnlyFlags = 0x80000, WouldBlock = 11, SharingViolation = unchecked((int)0x80070020);

    public string PathOf(string label) => Path.Combine(path, FileName(label));

    /// <summary>The file of that label; null when there is none.</summary>
    /// <exception cref="WrappedKeyException">It cannot be read, or is not a wrapped key.</exception>
    public WrappedKeyFile? TryRead(string label)
    {
        var file = PathOf(label);
        try
        {
            using var stream = File.OpenHandle(file);
            if (RandomAccess.GetLength(stream) > WrappedKeyFile.LongestFile)
            {
                throw new WrappedKeyException($"The file {file} is too long to be a wrapped key. Restore it from its backup.");
            }

            var content = new byte[WrappedKeyFile.LongestFile];
            var length = RandomAccess.Read(stream, content, 0);
            return WrappedKeyFile.TryParse(content.AsMemory(0, length), out var problem)
                ?? throw new WrappedKeyException($"The file {file} {problem}. Restore it from its backup.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WrappedKeyException($"The file {file} cannot be read: {e.Message} Give it back to the service's user.", e);
        }
    }

    /// <summary>
    /// Claims a label before its key is made: nobody else, in this process or another, makes one of that label meanwhile. A leftover of a crash is claimed
    /// like a new one.
    /// </summary>
    /// <exception cref="InvalidOperationException">A key of that label exists, or is being made.</exception>
    /// <exception cref="WrappedKeyException">The folder cannot be written.</exception>
    public Claim Reserve(string label)
    {
        var (file, temporary) = (PathOf(label), PathOf(label) + ".new");
        FileStream stream;
        try
        {
            CreateFolder();
            // FileShare.None is an advisory lock (flock) that ends with the handle, and with the process.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerFile;
            }

            stream = new FileStream(temporary, options);
        }
        catch (IOException e) when (e.HResult is WouldBlock or SharingViolation)
        {
            throw new InvalidOperationException($"A key labelled '{label}' is being made already.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WrappedKeyException($"No key can be kept in the folder {path}: {e.Message} Make it writable for the service's user.", e);
        }

        var claim = new Claim(this, stream, file, temporary);
        if (File.Exists(file))
        {
            claim.Dispose();
            throw new InvalidOperationException($"A key labelled '{label}' exists already.");
        }

        return claim;
    }

    /// <summary>The label with every character but letters, digits, hyphen and underscore as %XX: two labels never share a file, and no label leaves the folder.</summary>
    private static string FileName(string label)
    {
        var name = new StringBuilder();
        foreach (var c in label)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            {
                name.Append(c);
            }
            else
            {
                name.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            }
        }

        return name.Append(".key").ToString();
    }

    private void CreateFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerFolder);
        }
    }

    /// <summary>Makes the folder's entries durable: a file is synced by its own fsync, its name by the folder's.</summary>
    private void Sync()
    {
        var descriptor = Open(path, ReadOnlyFlags);
        var failed = descriptor < 0 || Fsync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeErrorMessage();
        if (descriptor >= 0)
        {
            _ = Close(descriptor);
        }

        if (failed)
        {
            throw new IOException($"The folder {path} cannot be synced: {error}");
        }
    }

    /// <summary>A label that is being made; given up unless it is committed.</summary>
    public sealed class Claim(WrappedKeyFolder folder, FileStream stream, string file, string temporary) : IDisposable
    {
        private bool _committed;

        /// <summary>Durable when it returns.</summary>
        public void Commit(ReadOnlySpan<byte> content)
        {
            if (!OperatingSystem.IsWindows())
            {
                // A leftover of a crash keeps its mode: set it again.
                File.SetUnixFileMode(stream.SafeFileHandle, OwnerFile);
            }

            stream.SetLength(0);
            stream.Write(content);
            stream.Flush(flushToDisk: true);
            // While the lock is held: whoever waits for the label finds the key there.
            File.Move(temporary, file, overwrite: false);
            _committed = true;
            folder.Sync();
        }

        public void Dispose()
        {
            if (!_committed)
            {
                File.Delete(temporary);
            }

            stream.Dispose();
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
