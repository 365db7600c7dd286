using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>
/// What is signed in ceremonies: a text that people read and shells take apart. The first line names the kind of sheet and its version, every other line is
/// <c>name: value</c>. UTF-8, each line ended by one LF, names of <c>a-z 0-9 . -</c> once each, values without control characters. One sheet has one
/// encoding: reading is as strict as writing, so that nothing can be hidden between the lines.
/// </summary>
public sealed record FactSheet(string Kind, ImmutableArray<KeyValuePair<string, string>> Facts)
{
    /// <summary>Octets of the longest sheet that is read: a token's mechanism list fits many times.</summary>
    public const int MaximumSize = 256 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Facts in the order in which they are to be read; those with a null value are left out.</summary>
    /// <exception cref="ArgumentException">A name or a value that no sheet can carry.</exception>
    public static FactSheet Of(string kind, params ReadOnlySpan<(string Name, string? Value)> facts)
    {
        var list = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>(facts.Length);
        foreach (var (name, value) in facts)
        {
            if (value is not null)
            {
                list.Add(new(name, value));
            }
        }

        var sheet = new FactSheet(kind, list.ToImmutable());
        return sheet.WhyNotEncodable() is { } wrong ? throw new ArgumentException(wrong, nameof(facts)) : sheet;
    }

    /// <summary>The value of that name, or null.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var fact in Facts)
            {
                if (fact.Key == name)
                {
                    return fact.Value;
                }
            }

            return null;
        }
    }

    /// <summary>The octets that are hashed and signed.</summary>
    public byte[] Encode()
    {
        var text = new StringBuilder(Kind).Append('\n');
        foreach (var (name, value) in Facts)
        {
            text.Append(name).Append(": ").Append(value).Append('\n');
        }

        return Strict.GetBytes(text.ToString());
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; anything else is refused with the reason.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out FactSheet? sheet, [NotNullWhen(false)] out string? problem)
    {
        (sheet, problem) = (null, null);
        if (encoded.Length > MaximumSize)
        {
            problem = $"it has {encoded.Length} octets; at most {MaximumSize} are read";
            return false;
        }

        string text;
        try
        {
            text = Strict.GetString(encoded);
        }
        catch (DecoderFallbackException)
        {
            problem = "it is not UTF-8";
            return false;
        }

        if (!text.EndsWith('\n'))
        {
            problem = "its last line is cut off";
            return false;
        }

        var lines = text[..^1].Split('\n');
        var facts = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>(lines.Length - 1);
        for (var i = 1; i < lines.Length; i++)
        {
            var colon = lines[i].IndexOf(": ", StringComparison.Ordinal);
            if (colon <= 0)
            {
                problem = $"line {i + 1} is not 'name: value'";
                return false;
            }

            facts.Add(new(lines[i][..colon], lines[i][(colon + 2)..]));
        }

        sheet = new FactSheet(lines[0], facts.MoveToImmutable());
        problem = sheet.WhyNotEncodable();
        sheet = problem is null ? sheet : null;
        return sheet is not null;
    }

    private string? WhyNotEncodable()
    {
        if (Kind.Length is 0 or > 64 || Kind.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '/')))
        {
            return "the first line does not name a kind of sheet";
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in Facts)
        {
            if (name.Length is 0 or > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')))
            {
                return $"'{name}' cannot be the name of a fact";
            }

            if (!names.Add(name))
            {
                return $"'{name}' is said twice";
            }

            if (value.Length == 0 || value.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'))
            {
                return $"the value of '{name}' is empty or has control characters";
            }
        }

        return null;
    }
}
