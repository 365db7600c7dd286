using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace AgentPki.Authority.Acme;

/// <summary>Names of accounts, orders and authorizations: 48 bits of milliseconds, so that an index grows at one end, and 80 random bits.</summary>
internal static class AcmeId
{
    private const int Size = 16;
    private const int Characters = 22;

    /// <summary>22 characters, base64url.</summary>
    public static string Create(DateTimeOffset now)
    {
        Span<byte> octets = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt64BigEndian(octets, (ulong)now.ToUnixTimeMilliseconds() << 16);
        RandomNumberGenerator.Fill(octets[6..]);
        return Base64Url.EncodeToString(octets);
    }

    /// <summary>When that name was made; null: it is none of ours.</summary>
    public static DateTimeOffset? TimeOf(string id)
    {
        Span<byte> octets = stackalloc byte[Size];
        return id.Length == Characters && IsValid(id) && Base64Url.TryDecodeFromChars(id, octets, out var written) && written == Size
            && (long)(BinaryPrimitives.ReadUInt64BigEndian(octets) >> 16) is var milliseconds && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
    }

    /// <summary>Whether a text can be one; what cannot is not looked for.</summary>
    public static bool IsValid(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
