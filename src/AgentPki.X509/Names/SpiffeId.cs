using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.Names;

/// <summary>
/// A SPIFFE ID (SPIFFE-ID specification §2): <c>spiffe://trust-domain/path</c>, at most 2,048 octets. It exists only in valid form, and two of them
/// are equal when their texts are.
/// </summary>
public sealed record SpiffeId
{
    private const string Prefix = "spiffe://";

    private SpiffeId(string trustDomain, string path) => (TrustDomain, Path) = (trustDomain, path);

    /// <summary>Lower-case letters, digits, dots, hyphens, underscores; at most 255 characters.</summary>
    public string TrustDomain { get; }

    /// <summary>Empty, or starting with a slash and not ending in one.</summary>
    public string Path { get; }

    public override string ToString() => Prefix + TrustDomain + Path;

    /// <exception cref="FormatException">Not a SPIFFE ID; the message says why.</exception>
    public static SpiffeId Parse(string text) => TryParse(text, out var id, out var error) ? id : throw new FormatException(error);

    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id) => TryParse(text, out id, out _);

    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id, [NotNullWhen(false)] out string? error)
    {
        id = null;
        error = Check(text ?? "", out var slash);
        if (error is not null || text is null)
        {
            error ??= "empty";
            return false;
        }

        id = new SpiffeId(text[Prefix.Length..slash], text[slash..]);
        return true;
    }

    /// <summary>Whether a text is meant as a SPIFFE ID: the scheme, in any case (a URI scheme is case-insensitive, a valid ID is not).</summary>
    public static bool HasScheme(string text) => text.StartsWith("spiffe:", StringComparison.OrdinalIgnoreCase);

    private static string? Check(string text, out int slash)
    {
        slash = text.Length;
        // §2.3: implementations support, and need not go beyond, 2,048 octets.
        if (text.Length > 2048)
        {
            return "longer than 2048 octets";
        }

        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return "does not start with spiffe://";
        }

        slash = text.IndexOf('/', Prefix.Length);
        slash = slash < 0 ? text.Length : slash;
        var domain = text.AsSpan(Prefix.Length, slash - Prefix.Length);
        // §2.1: no port, no user info, no percent-encoding: only these characters.
        if (domain.IsEmpty || domain.Length > 255)
        {
            return "trust domain is empty or longer than 255 octets";
        }

        foreach (var c in domain)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '-' or '_'))
            {
                return "trust domain has a character other than a-z, 0-9, dot, hyphen, underscore";
            }
        }

        return CheckPath(text.AsSpan(slash));
    }

    // §2.2: segments of letters, digits, dots, hyphens, underscores; none empty, none "." or "..".
    private static string? CheckPath(ReadOnlySpan<char> path)
    {
        while (!path.IsEmpty)
        {
            path = path[1..];
            var next = path.IndexOf('/');
            var segment = next < 0 ? path : path[..next];
            if (segment.IsEmpty || segment is "." or "..")
            {
                return "path has an empty segment, a trailing slash, or a segment '.' or '..'";
            }

            foreach (var c in segment)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))
                {
                    return "path has a character other than letters, digits, dot, hyphen, underscore";
                }
            }

            path = path[segment.Length..];
        }

        return null;
    }
}
