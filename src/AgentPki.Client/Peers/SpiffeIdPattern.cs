using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.Names;

namespace AgentPki.Client.Peers;

/// <summary>
/// Which SPIFFE IDs: one (<c>spiffe://example.org/agent/a</c>), or all below a path (<c>spiffe://example.org/team-a/*</c>, <c>spiffe://example.org/*</c>). The asterisk stands for one or
/// more whole segments and only at the end, so that nothing matches by a name that merely begins alike.
/// </summary>
public sealed record SpiffeIdPattern
{
    private const string Below = "/*";

    private readonly SpiffeId _id;
    private readonly bool _below;

    private SpiffeIdPattern(SpiffeId id, bool below) => (_id, _below) = (id, below);

    /// <exception cref="FormatException">Not a pattern; the message says why.</exception>
    public static SpiffeIdPattern Parse(string text) => TryParse(text, out var pattern, out var error) ? pattern : throw new FormatException($"'{text}' is not a SPIFFE ID or one with /* at its end: {error}");

    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeIdPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        text ??= "";
        var below = text.EndsWith(Below, StringComparison.Ordinal);
        pattern = SpiffeId.TryParse(below ? text[..^Below.Length] : text, out var id, out error) ? new SpiffeIdPattern(id, below) : null;
        return pattern is not null;
    }

    public bool Matches(SpiffeId id) => _below
        ? id.TrustDomain == _id.TrustDomain && id.Path.Length > _id.Path.Length + 1 && id.Path.StartsWith(_id.Path, StringComparison.Ordinal) && id.Path[_id.Path.Length] == '/'
        : id == _id;

    public override string ToString() => _id + (_below ? Below : "");
}
