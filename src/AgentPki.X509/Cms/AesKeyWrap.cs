using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace AgentPki.X509.Cms;

/// <summary>AES Key Wrap (RFC 3394, NIST SP 800-38F §6.2 KW).</summary>
internal static class AesKeyWrap
{
    private const ulong InitialValue = 0xA6A6A6A6A6A6A6A6;

    [SuppressMessage("Security", "CA5358", Justification = "RFC 3394 is built from single block operations; no mode chains them.")]
    public static byte[] Wrap(byte[] keyEncryptionKey, ReadOnlySpan<byte> key)
    {
        // RFC 3394 §2.2.1, index based. n 64-bit blocks.
        var n = key.Length / 8;
        if (key.Length % 8 != 0 || n < 2)
        {
            throw new ArgumentException("A key to wrap has a multiple of 8 octets, and at least 16.", nameof(key));
        }

        using var aes = Aes.Create();
        aes.Key = keyEncryptionKey;
        var result = new byte[key.Length + 8];
        key.CopyTo(result.AsSpan(8));
        var a = InitialValue;
        Span<byte> block = stackalloc byte[16];
        for (var j = 0; j <= 5; j++)
        {
            for (var i = 1; i <= n; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(block, a);
                result.AsSpan(i * 8, 8).CopyTo(block[8..]);
                aes.EncryptEcb(block, block, PaddingMode.None);
                a = BinaryPrimitives.ReadUInt64BigEndian(block) ^ (ulong)(n * j + i);
                block[8..].CopyTo(result.AsSpan(i * 8));
            }
        }

        BinaryPrimitives.WriteUInt64BigEndian(result, a);
        CryptographicOperations.ZeroMemory(block);
        return result;
    }

    /// <summary>Null when the integrity check fails.</summary>
    [SuppressMessage("Security", "CA5358", Justification = "RFC 3394 is built from single block operations; no mode chains them.")]
    public static byte[]? Unwrap(byte[] keyEncryptionKey, ReadOnlySpan<byte> wrapped)
    {
        // RFC 3394 §2.2.2
        var n = wrapped.Length / 8 - 1;
        if (wrapped.Length % 8 != 0 || n < 2)
        {
            return null;
        }

        using var aes = Aes.Create();
        aes.Key = keyEncryptionKey;
        var key = wrapped[8..].ToArray();
        var a = BinaryPrimitives.ReadUInt64BigEndian(wrapped);
        Span<byte> block = stackalloc byte[16];
        for (var j = 5; j >= 0; j--)
        {
            for (var i = n; i >= 1; i--)
            {
                BinaryPrimitives.WriteUInt64BigEndian(block, a ^ (ulong)(n * j + i));
                key.AsSpan((i - 1) * 8, 8).CopyTo(block[8..]);
                aes.DecryptEcb(block, block, PaddingMode.None);
                a = BinaryPrimitives.ReadUInt64BigEndian(block);
                block[8..].CopyTo(key.AsSpan((i - 1) * 8));
            }
        }

        CryptographicOperations.ZeroMemory(block);
        if (a == InitialValue)
        {
            return key;
        }

        CryptographicOperations.ZeroMemory(key);
        return null;
    }
}
