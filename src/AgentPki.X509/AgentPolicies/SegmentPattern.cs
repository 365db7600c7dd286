using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// A set of names (<see cref="SegmentSyntax"/>): each segment stands for itself, or for all that begin with what stands before its <c>*</c>; a last segment <c>**</c> stands for one or more segments.
/// Whether one pattern's names are all another's too can be seen segment by segment, exactly (<see cref="Contains"/>), and what two have in common is again a pattern or nothing (<see cref="Intersect"/>).
/// </summary>
public sealed class SegmentPattern : IEquatable<SegmentPattern>
{
    internal const string AnyRest = "**";

    private readonly SegmentSyntax _syntax;
    private readonly string[] _segments; // without the last "**"
    private readonly bool _isOpen;

    private SegmentPattern(SegmentSyntax syntax, string[] segments, bool isOpen, string text) => (_syntax, _segments, _isOpen, Text) = (syntax, segments, isOpen, text);

    /// <summary>As it is written: there is one spelling.</summary>
    public string Text { get; }

    /// <exception cref="FormatException">Not a pattern; the message says why.</exception>
    public static SegmentPattern Parse(SegmentSyntax syntax, string text) => TryParse(syntax, text, out var pattern, out var error) ? pattern : throw new FormatException(error);

    public static bool TryParse(SegmentSyntax syntax, string? text, [NotNullWhen(true)] out SegmentPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        pattern = null;
        if (!syntax.TrySplit(text, out var segments, out error))
        {
            return false;
        }

        pattern = Of(syntax, segments);
        return true;
    }

    /// <summary>Whether a name is one of these. What is no name (<see cref="SegmentSyntax.WhyNoName"/>) never is.</summary>
    public bool Matches(string name)
    {
        if (_syntax.WhyNoName(name) is not null)
        {
            return false;
        }

        var next = 0;
        foreach (var range in name.AsSpan().Split(_syntax.Separator))
        {
            if (next == _segments.Length)
            {
                return _isOpen;
            }

            if (!SegmentHas(_segments[next++], name.AsSpan()[range]))
            {
                return false;
            }
        }

        // An open pattern wants one more segment at least.
        return next == _segments.Length && !_isOpen;
    }

    /// <summary>Whether every name that <paramref name="inner"/> matches is matched here too.</summary>
    public bool Contains(SegmentPattern inner)
    {
        if (!_isOpen && (inner._isOpen || inner._segments.Length != _segments.Length))
        {
            return false;
        }

        // An open pattern has at least one segment beyond those written down.
        if (_isOpen && inner._segments.Length + (inner._isOpen ? 1 : 0) < _segments.Length + 1)
        {
            return false;
        }

        for (var i = 0; i < _segments.Length; i++)
        {
            if (!SegmentContains(_segments[i], inner._segments[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The names that both match; null: there are none.</summary>
    public SegmentPattern? Intersect(SegmentPattern other)
    {
        var (shorter, longer) = _segments.Length <= other._segments.Length ? (this, other) : (other, this);
        if (shorter._segments.Length < longer._segments.Length ? !shorter._isOpen : shorter._isOpen != longer._isOpen)
        {
            // Unequally long and closed; or equally long, and one wants more.
            return null;
        }

        var segments = new string[longer._segments.Length + (longer._isOpen ? 1 : 0)];
        for (var i = 0; i < longer._segments.Length; i++)
        {
            if ((i < shorter._segments.Length ? SegmentIntersect(shorter._segments[i], longer._segments[i]) : longer._segments[i]) is not { } common)
            {
                return null;
            }

            segments[i] = common;
        }

        if (longer._isOpen)
        {
            segments[^1] = AnyRest;
        }

        return Of(_syntax, segments);
    }

    public bool Equals(SegmentPattern? other) => other is not null && ReferenceEquals(_syntax, other._syntax) && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as SegmentPattern);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    public override string ToString() => Text;

    private static SegmentPattern Of(SegmentSyntax syntax, string[] segments)
    {
        var isOpen = segments[^1] == AnyRest;
        return new SegmentPattern(syntax, isOpen ? segments[..^1] : segments, isOpen, string.Join(syntax.Separator, segments));
    }

    private static bool SegmentHas(string pattern, ReadOnlySpan<char> segment) =>
        pattern.EndsWith('*') ? segment.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : segment.SequenceEqual(pattern);

    private static bool SegmentContains(string outer, string inner) =>
        outer.EndsWith('*') ? inner.AsSpan().TrimEnd('*').StartsWith(outer.AsSpan(0, outer.Length - 1), StringComparison.Ordinal) : outer == inner;

    private static string? SegmentIntersect(string one, string other) => SegmentContains(one, other) ? other : SegmentContains(other, one) ? one : null;
}
