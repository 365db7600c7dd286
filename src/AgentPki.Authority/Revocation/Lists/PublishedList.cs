using AgentPki.Authority.Store;

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>A CRL that is served: its record, and its octets in a file; short ones are kept in memory too.</summary>
public sealed class PublishedList
{
    /// <summary>The longest that is kept in memory.</summary>
    public const int MostInMemory = 256 * 1024;

    private long _completeTo;

    internal PublishedList(CertificateListRecord record, string path)
    {
        (Record, Path, _completeTo) = (record, path, record.Epoch);
        Octets = record.Length <= MostInMemory ? File.ReadAllBytes(path) : (ReadOnlyMemory<byte>?)null;
    }

    public CertificateListRecord Record { get; }

    /// <summary>The DER, which stays until two newer ones of its scope were published; whoever reads it then goes on reading.</summary>
    public string Path { get; }

    /// <summary>The DER of a short list; null for a long one.</summary>
    public ReadOnlyMemory<byte>? Octets { get; }

    /// <summary>The revocation epoch up to which it was found to lack nothing.</summary>
    internal long CompleteTo
    {
        get => Volatile.Read(ref _completeTo);
        set => Volatile.Write(ref _completeTo, value);
    }

    /// <summary>The DER, whole.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) => Octets ?? await File.ReadAllBytesAsync(Path, cancellationToken);
}
