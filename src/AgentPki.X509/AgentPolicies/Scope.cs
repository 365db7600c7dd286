using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>Some actions on some resources. Written <c>action:resource</c>: <c>tool.invoke:crm/customers/*</c>, which is an OAuth scope token too (RFC 6749 §3.3).</summary>
public sealed record Scope(SegmentPattern Actions, SegmentPattern Resources)
{
    /// <summary>Everything there is.</summary>
    public static Scope All { get; } = Parse("**:**");

    /// <exception cref="FormatException">Not a scope; the message says why.</exception>
    public static Scope Parse(string text) => TryParse(text, out var scope, out var error) ? scope : throw new FormatException(error);

    public static bool TryParse(string? text, [NotNullWhen(true)] out Scope? scope, [NotNullWhen(false)] out string? error)
    {
        scope = null;
        // An action has no colon; a resource may.
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (text is null || colon < 0)
        {
            error = "a scope is written action:resource, for example tool.invoke:crm/**";
            return false;
        }

        if (!SegmentPattern.TryParse(SegmentSyntax.Action, text[..colon], out var actions, out error) || !SegmentPattern.TryParse(SegmentSyntax.Resource, text[(colon + 1)..], out var resources, out error))
        {
            return false;
        }

        scope = new Scope(actions, resources);
        return true;
    }

    public bool Matches(string action, string resource) => Actions.Matches(action) && Resources.Matches(resource);

    public bool Contains(Scope inner) => Actions.Contains(inner.Actions) && Resources.Contains(inner.Resources);

    public Scope? Intersect(Scope other) => Actions.Intersect(other.Actions) is { } actions && Resources.Intersect(other.Resources) is { } resources ? new Scope(actions, resources) : null;

    public override string ToString() => $"{Actions.Text}:{Resources.Text}";
}
