using AgentPki.Agents;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.Attestation;

/// <summary>An operator's word on which agent an attested device may be.</summary>
/// <param name="Device">A glob over the device's identifier.</param>
/// <param name="Path">A SPIFFE path in which <see cref="Placeholder"/> stands for the identifier.</param>
public sealed record DeviceRule(string Device, string Path)
{
    public const string Placeholder = "{device}";

    /// <summary>Whether this rule could ever give that path.</summary>
    internal bool CanGive(string path) => PathPattern.Matches(Path.Replace(Placeholder, "*", StringComparison.Ordinal), path);

    internal bool Matches(string identifier) => PathPattern.Matches(Device, identifier);

    /// <summary>The path for that device; null: its identifier has characters that a SPIFFE path has not (SPIFFE-ID §2.2).</summary>
    internal string? PathFor(string identifier)
    {
        var path = Path.Replace(Placeholder, identifier, StringComparison.Ordinal);
        // One segment for one identifier: a dot or a slash in it must not become another path.
        return path.Count(c => c == '/') == Path.Count(c => c == '/') && SpiffeId.TryParse($"spiffe://any{path}", out var id) ? id.Path : null;
    }

    /// <summary>Why this is no rule; null when it is one.</summary>
    public string? WhyNot() =>
        Device.Length == 0 ? "the rule names no device; '*' means every one whose attestation is valid"
        : !Path.StartsWith('/') || PathFor("x") is null ? $"'{Path}' is no SPIFFE path such as /agent/device/{Placeholder}"
        : !Path.Contains(Placeholder, StringComparison.Ordinal) && Device.Contains('*', StringComparison.Ordinal) ? $"'{Path}' would be one agent for many devices; put {Placeholder} into it, or name one device"
        : null;
}
