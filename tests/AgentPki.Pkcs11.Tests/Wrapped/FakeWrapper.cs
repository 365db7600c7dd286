using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Tests.Wrapped;

/// <summary>A token's wrapping key without a token: AES-256-GCM in memory.</summary>
internal sealed class FakeWrapper(string name = "fake") : IKeyWrapper
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private int _unwrapped;

    public string Name => name;

    /// <summary>How often it was asked to open something.</summary>
    public int Unwrapped => Volatile.Read(ref _unwrapped);

    public Exception? Failure { get; set; }

    public ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        byte[] iv = RandomNumberGenerator.GetBytes(12), ciphertext = new byte[plaintext.Length], tag = new byte[16];
        using var gcm = new AesGcm(_key, 16);
        gcm.Encrypt(iv, plaintext.Span, ciphertext, tag, associatedData.Span);
        return ValueTask.FromResult<byte[]>([.. iv, .. ciphertext, .. tag]);
    }

    public ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        Interlocked.Increment(ref _unwrapped);
        if (wrapped.Length < 28)
        {
            throw new CryptographicException("The wrapped secret is cut off.");
        }

        var plaintext = new byte[wrapped.Length - 28];
        using var gcm = new AesGcm(_key, 16);
        gcm.Decrypt(wrapped.Span[..12], wrapped.Span[12..^16], wrapped.Span[^16..], plaintext, associatedData.Span);
        return ValueTask.FromResult(plaintext);
    }

    private void ThrowIfFailing()
    {
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
