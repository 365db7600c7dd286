using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Agents.Registry;

/// <summary>What an agent is made of: its model, or what runs it. Stated by whoever registers it, and proven by nothing here.</summary>
public sealed record ComponentDescriptor
{
    private const int LongestText = 128;
    private static readonly (string Prefix, int Digits)[] Digests = [("sha256:", 64), ("sha384:", 96), ("sha512:", 128)];

    private ComponentDescriptor(string name, string? provider, string? version, string? digest) => (Name, Provider, Version, Digest) = (name, provider, version, digest);

    public string Name { get; }

    /// <summary>Who makes or serves it; null: not stated.</summary>
    public string? Provider { get; }

    public string? Version { get; }

    /// <summary><c>sha256:</c>, <c>sha384:</c> or <c>sha512:</c> and lower-case hexadecimal digits: of its weights, its image, its package.</summary>
    public string? Digest { get; }

    /// <param name="error">What was wrong: the field, and what would be right.</param>
    public static bool TryCreate(string name, string? provider, string? version, string? digest, [NotNullWhen(true)] out ComponentDescriptor? descriptor, out (string Field, string Message) error)
    {
        descriptor = null;
        error = default;
        foreach (var (field, text) in new[] { ("name", name), ("provider", provider), ("version", version) })
        {
            if (text is not null && RegistryText.WhyNot(text, LongestText) is { } wrong)
            {
                error = (field, wrong);
                return false;
            }
        }

        if (digest is not null && !Digests.Any(d => digest.StartsWith(d.Prefix, StringComparison.Ordinal) && digest.Length == d.Prefix.Length + d.Digits && digest[d.Prefix.Length..].All(char.IsAsciiHexDigitLower)))
        {
            error = ("digest", "sha256:, sha384: or sha512: and the lower-case hexadecimal digits are wanted");
            return false;
        }

        descriptor = new ComponentDescriptor(name, provider, version, digest);
        return true;
    }

    /// <summary>For people, and to tell two of them apart.</summary>
    public override string ToString() => string.Join(' ', new[] { Provider is null ? Name : $"{Provider}/{Name}", Version, Digest }.OfType<string>());
}
