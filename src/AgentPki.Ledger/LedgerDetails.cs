using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgentPki.Ledger;

/// <summary>
/// Who and what of an entry, in the canonical octets that its commitment covers: version 1 (1 octet), the actor, the number of
/// facts (4), and each name and value in ordinal order of the names. A text is its length (4) and its UTF-8 octets; numbers are
/// big-endian. One entry has exactly one encoding.
/// </summary>
public sealed record LedgerDetails(string Actor, ImmutableSortedDictionary<string, string> Facts)
{
    private const byte Version = 1;

    // Reading is strict. Writing is not: a lone surrogate out of a hostile request's BMPString becomes U+FFFD, and its refusal is recorded.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static LedgerDetails Of(LedgerEntry entry) => new(entry.Actor, entry.Details);

    /// <summary>The canonical octets.</summary>
    public byte[] Encode()
    {
        var sorted = Facts.KeyComparer == StringComparer.Ordinal ? Facts : Facts.WithComparers(StringComparer.Ordinal);
        var length = 1 + 4 + Encoding.UTF8.GetByteCount(Actor) + 4;
        foreach (var (name, value) in sorted)
        {
            length += 4 + Encoding.UTF8.GetByteCount(name) + 4 + Encoding.UTF8.GetByteCount(value);
        }

        var encoded = new byte[length];
        encoded[0] = Version;
        var rest = Write(encoded.AsSpan(1), Actor);
        BinaryPrimitives.WriteInt32BigEndian(rest, sorted.Count);
        rest = rest[4..];
        foreach (var (name, value) in sorted)
        {
            rest = Write(Write(rest, name), value);
        }

        return encoded;
    }

    /// <summary>Reads the canonical octets; false for anything that <see cref="Encode"/> would not have written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out LedgerDetails? details)
    {
        details = null;
        if (encoded.IsEmpty || encoded[0] != Version)
        {
            return false;
        }

        var rest = encoded[1..];
        if (!TryRead(ref rest, out var actor) || rest.Length < 4)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(rest);
        rest = rest[4..];
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        string? previous = null;
        for (var i = 0; i < count; i++)
        {
            if (!TryRead(ref rest, out var name) || !TryRead(ref rest, out var value) || (previous is not null && string.CompareOrdinal(previous, name) >= 0))
            {
                return false;
            }

            facts.Add(name, value);
            previous = name;
        }

        details = new LedgerDetails(actor, facts.ToImmutable());
        return rest.IsEmpty && count >= 0;
    }

    private static Span<byte> Write(Span<byte> destination, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, destination[4..]);
        BinaryPrimitives.WriteInt32BigEndian(destination, length);
        return destination[(4 + length)..];
    }

    private static bool TryRead(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (rest.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(rest) is var length && (length < 0 || length > rest.Length - 4))
        {
            return false;
        }

        try
        {
            text = Strict.GetString(rest.Slice(4, length));
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        rest = rest[(4 + length)..];
        return true;
    }
}
