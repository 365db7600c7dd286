using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// JOSE's base64url (RFC 7515 §2: RFC 4648 §5 without padding, line breaks or white space), in its one form: what does not encode back to the same text is
/// refused, so that no octets have two names.
/// </summary>
public static class JoseBase64
{
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(Characters);
    private static readonly SearchValues<byte> AlphabetOctets = SearchValues.Create(Encoding.ASCII.GetBytes(Characters));

    /// <summary>Whether there is nothing but the 64 characters.</summary>
    public static bool IsAlphabetOnly(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(AlphabetOctets);

    /// <inheritdoc cref="IsAlphabetOnly(ReadOnlySpan{byte})"/>
    public static bool IsAlphabetOnly(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Alphabet);

    /// <summary>The octets that a text of that length stands for; -1 when none has that length.</summary>
    public static int DecodedLength(int characters) => characters % 4 == 1 ? -1 : (int)((long)characters * 3 / 4);

    /// <summary>Decodes all of <paramref name="text"/>; false when it is not exactly what an encoder writes, or <paramref name="octets"/> is too short.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> octets, out int length)
    {
        length = DecodedLength(text.Length);
        if (length < 0 || length > octets.Length || !IsAlphabetOnly(text))
        {
            length = 0;
            return false;
        }

        // The platform would also take padding and white space, which are gone by now; it refuses unused bits that are not zero (RFC 4648 §3.5).
        return Base64Url.DecodeFromUtf8(text, octets, out _, out length) == OperationStatus.Done;
    }

    /// <summary>As <see cref="TryDecode"/> into a new array; null when it is not base64url.</summary>
    public static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        var length = DecodedLength(text.Length);
        if (length < 0)
        {
            return null;
        }

        var octets = new byte[length];
        return TryDecode(text, octets, out _) ? octets : null;
    }
}
