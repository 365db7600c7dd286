using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Protocols.Est;

/// <summary>
/// EST's base64 (RFC 8951 §3.1: RFC 4648 §4, whatever Content-Transfer-Encoding says). Taken with and without line breaks; sent in one line with a
/// final line feed while it is short, in lines of 64 characters beyond.
/// </summary>
/// <remarks>
/// The form follows the size because clients differ: strongSwan 5.9.8 takes no line break inside, libest 3.2 no line of about 3,500 characters.
/// </remarks>
public static class EstBase64
{
    /// <summary>Characters sent in one line at most.</summary>
    public const int SingleLineLimit = 3000;

    /// <summary>Characters of a line when there are several (RFC 7468 §2's width).</summary>
    public const int LineLength = 64;

    private const int OctetsOfLine = LineLength / 4 * 3;

    /// <summary>Length of what <see cref="Write"/> writes.</summary>
    public static int LengthOf(int octets)
    {
        var characters = Base64.GetMaxEncodedToUtf8Length(octets);
        return characters <= SingleLineLimit ? characters + 1 : characters + ((characters + LineLength - 1) / LineLength);
    }

    /// <summary>Writes <paramref name="octets"/> as base64, the last line ended too.</summary>
    public static void Write(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        var total = LengthOf(octets.Length);
        var target = output.GetSpan(total);
        var lineOctets = Base64.GetMaxEncodedToUtf8Length(octets.Length) <= SingleLineLimit ? octets.Length : OctetsOfLine;
        var at = 0;
        do
        {
            var line = octets[..Math.Min(lineOctets, octets.Length)];
            _ = Base64.EncodeToUtf8(line, target[at..], out _, out var written);
            octets = octets[line.Length..];
            at += written;
            target[at++] = (byte)'\n';
        }
        while (!octets.IsEmpty);
        output.Advance(at);
    }

    /// <summary>Reads a whole body; false with one sentence that says what it looks like instead.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> text, out ReadOnlyMemory<byte> octets, [NotNullWhen(false)] out string? error)
    {
        if (text.IsSingleSegment)
        {
            return TryRead(text.FirstSpan, out octets, out error);
        }

        var length = checked((int)text.Length);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            text.CopyTo(rented);
            return TryRead(rented.AsSpan(0, length), out octets, out error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <inheritdoc cref="TryRead(in ReadOnlySequence{byte}, out ReadOnlyMemory{byte}, out string?)"/>
    public static bool TryRead(ReadOnlySpan<byte> text, out ReadOnlyMemory<byte> octets, [NotNullWhen(false)] out string? error)
    {
        var trimmed = text.Trim(" \t\r\n"u8);
        var result = GC.AllocateUninitializedArray<byte>(Base64.GetMaxDecodedFromUtf8Length(trimmed.Length));
        // Skips space, tab, CR and LF between characters; anything else is an error.
        if (Base64.DecodeFromUtf8(trimmed, result, out var consumed, out var written) == OperationStatus.Done && consumed == trimmed.Length && written > 0)
        {
            (octets, error) = (result.AsMemory(0, written), null);
            return true;
        }

        (octets, error) = (default, Explain(trimmed));
        return false;
    }

    private static string Explain(ReadOnlySpan<byte> text)
    {
        const string Rule = "the body must be base64 of the DER (RFC 8951 §3.1)";
        if (text.IsEmpty)
        {
            return $"The body is empty: {Rule}.";
        }

        if (text.StartsWith("-----BEGIN"u8))
        {
            return $"The body is PEM: {Rule}, without the BEGIN and END lines.";
        }

        if (text[0] == 0x30 && text.ContainsAnyExceptInRange((byte)0x09, (byte)0x7E))
        {
            return $"The body is raw DER: {Rule}.";
        }

        var wrong = text.IndexOfAnyExcept(Alphabet);
        return wrong switch
        {
            < 0 => $"The body is not base64 (length, padding, or data behind the padding): {Rule}.",
            _ when text[wrong] is (byte)'-' or (byte)'_' => $"The body is base64url: {Rule}, with + and /.",
            _ => $"The body is not base64 (octet 0x{text[wrong]:X2} at {wrong}): {Rule}.",
        };
    }

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"u8);
}
