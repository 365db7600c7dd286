using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Testing.Acme;

/// <summary>AES-256-GCM without a token.</summary>
public sealed class SoftwareWrapper : IKeyWrapper, IDisposable
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly AesGcm _key = new(RandomNumberGenerator.GetBytes(32), TagSize);

    public string Name => "software";

    public ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        var wrapped = new byte[NonceSize + plaintext.Length + TagSize];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceSize));
        _key.Encrypt(wrapped.AsSpan(0, NonceSize), plaintext.Span, wrapped.AsSpan(NonceSize, plaintext.Length), wrapped.AsSpan(NonceSize + plaintext.Length), associatedData.Span);
        return new(wrapped);
    }

    /// <summary>What unwrapping fails with; null: it works.</summary>
    public Exception? Failure { get; set; }

    public ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        if (Failure is { } failure)
        {
            throw failure;
        }

        var plaintext = new byte[wrapped.Length - NonceSize - TagSize];
        _key.Decrypt(wrapped.Span[..NonceSize], wrapped.Span[NonceSize..^TagSize], wrapped.Span[^TagSize..], plaintext, associatedData.Span);
        return new(plaintext);
    }

    public void Dispose() => _key.Dispose();
}
