using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Authority.Spiffe;

/// <summary>One thing that is true of a process, as an attestor found it, or as an entry wants it: <c>TYPE:NAME:VALUE</c>, for example <c>unix:uid:1000</c>.</summary>
/// <param name="Type">Which attestor says it.</param>
/// <param name="Name">What it is.</param>
/// <param name="Value">May contain colons.</param>
public sealed record WorkloadSelector(string Type, string Name, string Value)
{
    private const int Longest = 4096;

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out WorkloadSelector? selector)
    {
        selector = text.Length <= Longest && !text.Any(char.IsControl) && text.Split(':', 3) is [{ Length: > 0 } type, { Length: > 0 } name, { Length: > 0 } value] ? new WorkloadSelector(type, name, value) : null;
        return selector is not null;
    }

    public override string ToString() => $"{Type}:{Name}:{Value}";
}
