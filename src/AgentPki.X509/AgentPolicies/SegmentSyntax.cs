using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// How actions and resources are named: segments of few characters, all ASCII. There is one spelling of each name: nothing is decoded, folded or resolved, and whatever would have to be
/// (percent signs, other alphabets, empty segments, <c>.</c> and <c>..</c>) is no name.
/// </summary>
public sealed class SegmentSyntax
{
    private readonly SearchValues<char> _characters;
    private readonly string _says;

    private SegmentSyntax(string noun, char separator, int maximumLength, SearchValues<char> characters, string says) =>
        (Noun, Separator, MaximumLength, _characters, _says) = (noun, separator, maximumLength, characters, says);

    /// <summary>Segments of lower-case letters, digits, <c>-</c> and <c>_</c>, separated by dots: <c>tool.invoke</c>. At most 128 characters.</summary>
    public static SegmentSyntax Action { get; } = new("action", '.', 128, SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_"), "lower-case letters, digits, '-' and '_', separated by single dots");

    /// <summary>Segments of letters, digits and <c>- . _ ~ : @ + = ,</c>, separated by slashes, none of them <c>.</c> or <c>..</c>: <c>crm/customers/42</c>. At most 512 characters.</summary>
    public static SegmentSyntax Resource { get; } = new(
        "resource", '/', 512, SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:@+=,"), "letters, digits and - . _ ~ : @ + = , separated by single slashes, no segment '.' or '..'");

    /// <summary>Segments in one name or pattern.</summary>
    public const int MaximumSegments = 32;

    /// <summary>What is named so, for messages.</summary>
    public string Noun { get; }

    public char Separator { get; }

    /// <summary>In characters.</summary>
    public int MaximumLength { get; }

    /// <summary>Why a text names nothing; null: it does.</summary>
    public string? WhyNoName(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaximumLength)
        {
            return $"the {Noun} has {text?.Length ?? 0} characters: 1 to {MaximumLength} are needed";
        }

        var segments = 0;
        foreach (var range in text.AsSpan().Split(Separator))
        {
            if (++segments > MaximumSegments)
            {
                return $"the {Noun} has more than {MaximumSegments} segments";
            }

            if (!IsSegment(text.AsSpan()[range]))
            {
                return $"the {Noun} is not written as {_says}";
            }
        }

        return null;
    }

    internal bool IsSegment(ReadOnlySpan<char> segment) => !segment.IsEmpty && segment is not ("." or "..") && !segment.ContainsAnyExcept(_characters);

    /// <summary>Splits a pattern; what it says of each segment is <see cref="SegmentPattern"/>'s.</summary>
    internal bool TrySplit(string? text, [NotNullWhen(true)] out string[]? segments, [NotNullWhen(false)] out string? error)
    {
        segments = null;
        if (string.IsNullOrEmpty(text) || text.Length > MaximumLength)
        {
            error = $"the {Noun} pattern has {text?.Length ?? 0} characters: 1 to {MaximumLength} are needed";
            return false;
        }

        segments = text.Split(Separator);
        error = null;
        if (segments.Length > MaximumSegments)
        {
            error = $"the {Noun} pattern has more than {MaximumSegments} segments";
        }
        else
        {
            for (var i = 0; i < segments.Length && error is null; i++)
            {
                error = WhyNoPatternSegment(segments[i], i == segments.Length - 1);
            }
        }

        if (error is not null)
        {
            segments = null;
            return false;
        }

        return true;
    }

    private string? WhyNoPatternSegment(string segment, bool isLast)
    {
        if (segment == SegmentPattern.AnyRest)
        {
            return isLast ? null : $"in the {Noun} pattern '**' may stand at the end only";
        }

        var literal = segment.EndsWith('*') ? segment.AsSpan(0, segment.Length - 1) : segment;
        return (literal.IsEmpty && segment.Length == 1) || (segment.Length > literal.Length && !literal.ContainsAnyExcept(_characters)) || IsSegment(literal)
            ? null
            : $"the {Noun} pattern's segment '{Printable(segment)}' is not written as {_says}; a segment may end in '*', and the last one be '**'";
    }

    // A hostile text is shown, but cannot write on a terminal or pass for another one.
    private static string Printable(string text) => string.Concat(text.Take(64).Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}"));
}
