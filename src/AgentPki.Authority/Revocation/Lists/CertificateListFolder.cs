using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>
/// The files of CRLs: <c>CA/SHARD/NUMBER.crl</c> and <c>NUMBER.delta.crl</c>, each the DER as it is served. A file appears whole or not at all, and counts
/// only once the store has its record; the last two of each kind stay.
/// </summary>
public sealed class CertificateListFolder : IDisposable
{
    private const int Chunk = 1024 * 1024;
    private readonly string _root;
    private readonly bool _isOwn;

    private CertificateListFolder(string root, bool isOwn)
    {
        (_root, _isOwn) = (root, isOwn);
        CreateFolder(root);
        foreach (var left in Directory.EnumerateFiles(root, "*.tmp"))
        {
            File.Delete(left);
        }
    }

    /// <summary>A folder of the appliance's home.</summary>
    public static CertificateListFolder At(string path) => new(path, isOwn: false);

    /// <summary>A folder that goes away with this object: after it, every CRL is signed anew.</summary>
    public static CertificateListFolder Temporary() => new(Directory.CreateTempSubdirectory("agentpki-crl-").FullName, isOwn: true);

    public void Dispose()
    {
        if (_isOwn)
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    /// <summary>The list of a record, or null when its file is not there: it is signed anew then.</summary>
    /// <exception cref="StoreUnavailableException">It is there and cannot be read.</exception>
    internal PublishedList? Open(CertificateListRecord record)
    {
        try
        {
            var file = new FileInfo(PathOf(record));
            return file.Exists && file.Length == record.Length ? new PublishedList(record, file.FullName) : null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(failure);
        }
    }

    /// <summary>The highest number of any file: a database that was set back must not make numbers come again (RFC 5280 §5.2.3).</summary>
    /// <exception cref="StoreUnavailableException">The folder is there and cannot be read.</exception>
    internal long HighestNumber(string authority, int shard)
    {
        try
        {
            var folder = new DirectoryInfo(FolderOf(authority, shard));
            return folder.Exists ? folder.EnumerateFiles("*.crl").Select(NumberOf).DefaultIfEmpty().Max() : 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(failure);
        }
    }

    internal string Scratch() => Path.Combine(_root, $"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}.tmp");

    /// <summary>Puts a signed list together in a scratch file, has it judged, and gives it its name. The record is completed by what the file is.</summary>
    /// <param name="accept">Throws when it must not be published; what it reads goes away when it returns.</param>
    internal CertificateListRecord Add(CertificateListRecord record, ReadOnlyMemory<byte> tbs, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature, Action<ReadOnlyMemory<byte>> accept)
    {
        var scratch = Scratch();
        try
        {
            using (var stream = Create(scratch))
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                var (before, after) = CertificateList.EncodeAround(tbs.Length, algorithm, signature);
                Append(before);
                for (var position = 0; position < tbs.Length; position += Chunk)
                {
                    Append(tbs.Span.Slice(position, Math.Min(Chunk, tbs.Length - position)));
                }

                Append(after);
                stream.Flush(flushToDisk: true);
                using (var mapped = new MappedFile(stream))
                {
                    accept(mapped.Memory);
                }

                record = record with { Sha256 = hash.GetHashAndReset(), Length = stream.Length };

                void Append(ReadOnlySpan<byte> octets)
                {
                    stream.Write(octets);
                    hash.AppendData(octets);
                }
            }

            var path = PathOf(record);
            CreateFolder(FolderOf(record.Authority, record.Shard));
            File.Move(scratch, path, overwrite: true);
            return record;
        }
        catch
        {
            File.Delete(scratch);
            throw;
        }
    }

    /// <summary>A list that was not recorded after all.</summary>
    internal void Remove(CertificateListRecord record) => TryDelete(PathOf(record));

    /// <summary>Deletes what is older than the one before <paramref name="latest"/>. What cannot be deleted now is found again after the next one.</summary>
    internal void Prune(CertificateListRecord latest)
    {
        try
        {
            DeleteBefore(latest);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
        }
    }

    private void DeleteBefore(CertificateListRecord latest)
    {
        var kind = latest.BaseNumber is null ? ".crl" : DeltaSuffix;
        var files = new DirectoryInfo(FolderOf(latest.Authority, latest.Shard)).EnumerateFiles("*.crl")
            .Where(f => f.Name[f.Name.IndexOf('.', StringComparison.Ordinal)..] == kind && NumberOf(f) < latest.Number);
        foreach (var old in files.OrderByDescending(NumberOf).Skip(1))
        {
            old.Delete();
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
        }
    }

    private StoreUnavailableException NotReadable(Exception failure) =>
        new($"The folder of CRLs {_root} cannot be read: {failure.Message} Give the service's user read and write access to everything in it.", failure);

    internal static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private const string DeltaSuffix = ".delta.crl";

    private static long NumberOf(FileInfo file) =>
        long.TryParse(file.Name.AsSpan(0, file.Name.IndexOf('.', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private string FolderOf(string authority, int shard) => Path.Combine(_root, Uri.EscapeDataString(authority), shard.ToString(CultureInfo.InvariantCulture));

    private string PathOf(CertificateListRecord record) =>
        Path.Combine(FolderOf(record.Authority, record.Shard), string.Create(CultureInfo.InvariantCulture, $"{record.Number:D10}{(record.BaseNumber is null ? ".crl" : DeltaSuffix)}"));

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
