using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AgentPki.Authority.Profiles;

/// <summary>
/// One mapping of a profile's or a script's YAML, read field by field. What was asked for is known; <see cref="RejectUnknown"/> then names every field
/// that nobody asked for. Errors are gathered, each with file, line and field, so that a person mends them all at once.
/// </summary>
internal sealed class ProfileNode
{
    private readonly string _file;
    private readonly string _path;
    private readonly YamlMappingNode _mapping;
    private readonly List<ProfileError> _errors;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    private ProfileNode(string file, string path, YamlMappingNode mapping, List<ProfileError> errors) =>
        (_file, _path, _mapping, _errors) = (file, path, mapping, errors);

    /// <summary>The document's top mapping; null, with an error gathered, when it is none.</summary>
    public static ProfileNode? Parse(string file, TextReader text, List<ProfileError> errors)
    {
        if (YamlText.Load(file, text.ReadToEnd(), errors) is not { } documents)
        {
            return null;
        }

        if (documents is [{ RootNode: YamlMappingNode mapping }])
        {
            return new ProfileNode(file, "", mapping, errors);
        }

        errors.Add(new ProfileError(file, 1, "document", "one YAML mapping is wanted"));
        return null;
    }

    /// <summary>The top mapping of each document; empty ones are overlooked, anything else is an error.</summary>
    public static IReadOnlyList<ProfileNode> ParseAll(string file, string text, List<ProfileError> errors)
    {
        var nodes = new List<ProfileNode>();
        foreach (var document in YamlText.Load(file, text, errors) ?? [])
        {
            if (document.RootNode is YamlMappingNode mapping)
            {
                nodes.Add(new ProfileNode(file, "", mapping, errors));
            }
            else if (document.RootNode is not YamlScalarNode { Value: null or "" })
            {
                errors.Add(new ProfileError(file, (int)document.RootNode.Start.Line, "document", "a YAML mapping is wanted"));
            }
        }

        return nodes;
    }

    /// <summary>Where it stands: file and line.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"{_file}:{_mapping.Start.Line}");

    /// <summary>A mapping inside this one; an empty one when it is absent.</summary>
    public ProfileNode Section(string field)
    {
        var node = Find(field);
        if (node is not (null or YamlMappingNode))
        {
            Fail(field, "a mapping is wanted");
        }

        return new ProfileNode(_file, Path(field), node as YamlMappingNode ?? [], _errors);
    }

    /// <summary>A list of mappings; none when it is absent.</summary>
    public IReadOnlyList<ProfileNode> Sections(string field)
    {
        var node = Find(field);
        if (node is null)
        {
            return [];
        }

        if (node is YamlSequenceNode sequence && sequence.Children.All(c => c is YamlMappingNode))
        {
            return [.. sequence.Children.Select((c, i) => new ProfileNode(_file, $"{Path(field)}[{i + 1}]", (YamlMappingNode)c, _errors))];
        }

        Fail(field, "a list of mappings is wanted");
        return [];
    }

    public bool Has(string field) => Find(field) is not null;

    /// <summary>Whether the field is that text.</summary>
    public bool IsText(string field, string text) => Find(field) is YamlScalarNode { Value: { } value } && value == text;

    public string? Text(string field)
    {
        var node = Find(field);
        if (node is null)
        {
            return null;
        }

        if (node is YamlScalarNode { Value: { Length: > 0 } value })
        {
            return value;
        }

        Fail(field, "a text is wanted");
        return null;
    }

    public string RequiredText(string field)
    {
        if (!Has(field))
        {
            Fail(field, "is missing");
        }

        return Text(field) ?? "";
    }

    public bool Flag(string field, bool otherwise)
    {
        switch (Text(field))
        {
            case null: return otherwise;
            case "true": return true;
            case "false": return false;
            default:
                Fail(field, "true or false is wanted");
                return otherwise;
        }
    }

    public int Number(string field, int otherwise, int minimum, int maximum)
    {
        var text = Text(field);
        if (text is null)
        {
            return otherwise;
        }

        if (int.TryParse(text, out var value) && value >= minimum && value <= maximum)
        {
            return value;
        }

        Fail(field, $"a number from {minimum} to {maximum} is wanted");
        return otherwise;
    }

    public TimeSpan? Duration(string field, TimeSpan minimum, TimeSpan maximum)
    {
        var text = Text(field);
        if (text is null)
        {
            return null;
        }

        if (Durations.TryParse(text, out var value) && value >= minimum && value <= maximum)
        {
            return value;
        }

        Fail(field, $"a duration from {minimum} to {maximum} is wanted, for example 15m, 24h, 7d or PT24H");
        return null;
    }

    /// <summary>A list of texts; a single text counts as a list of one.</summary>
    public ImmutableArray<string> Texts(string field)
    {
        switch (Find(field))
        {
            case null: return [];
            case YamlScalarNode { Value: { Length: > 0 } value }: return [value];
            case YamlSequenceNode sequence when sequence.Children.All(c => c is YamlScalarNode { Value.Length: > 0 }):
                return [.. sequence.Children.Select(c => ((YamlScalarNode)c).Value!)];
            default:
                Fail(field, "a list of texts is wanted");
                return [];
        }
    }

    /// <summary>A mapping of anything: texts in quotes, and unquoted whole numbers, decimal numbers, <c>true</c>, <c>false</c> and <c>null</c> as what they look like; lists and mappings of these.</summary>
    public IReadOnlyDictionary<string, object?> Values(string field)
    {
        var node = Find(field);
        if (node is not (null or YamlMappingNode))
        {
            Fail(field, "a mapping is wanted");
        }

        if (node is YamlMappingNode mapping && HasNamesAlone(mapping))
        {
            return ValuesOf(mapping);
        }

        if (node is YamlMappingNode)
        {
            Fail(field, "its keys are names: lists and mappings are none");
        }

        return new Dictionary<string, object?>(StringComparer.Ordinal);
    }

    private static bool HasNamesAlone(YamlNode node) => node switch
    {
        YamlMappingNode mapping => mapping.Children.All(c => c.Key is YamlScalarNode && HasNamesAlone(c.Value)),
        YamlSequenceNode sequence => sequence.Children.All(HasNamesAlone),
        _ => true,
    };

    private static Dictionary<string, object?> ValuesOf(YamlMappingNode mapping) =>
        mapping.Children.ToDictionary(c => (c.Key as YamlScalarNode)?.Value ?? "", c => ValueOf(c.Value), StringComparer.Ordinal);

    private static object? ValueOf(YamlNode node) => node switch
    {
        YamlMappingNode mapping => ValuesOf(mapping),
        YamlSequenceNode sequence => sequence.Children.Select(ValueOf).ToArray(),
        YamlScalarNode { Style: not ScalarStyle.Plain, Value: var quoted } => quoted ?? "",
        YamlScalarNode { Value: "true" } => true,
        YamlScalarNode { Value: "false" } => false,
        YamlScalarNode { Value: null or "" or "null" or "~" } => null,
        YamlScalarNode { Value: var text } when long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var whole) => whole,
        YamlScalarNode { Value: var text } when double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var real) => real,
        YamlScalarNode { Value: var text } => text,
        _ => null,
    };

    /// <summary>A list whose every item <paramref name="find"/> knows; unknown ones become an error that lists <paramref name="known"/>.</summary>
    public ImmutableArray<T> Choices<T>(string field, Func<string, T?> find, IEnumerable<string> known)
        where T : class
    {
        var found = ImmutableArray.CreateBuilder<T>();
        foreach (var text in Texts(field))
        {
            if (find(text) is { } value)
            {
                found.Add(value);
            }
            else
            {
                Fail(field, $"'{text}' is unknown; known: {string.Join(", ", known)}");
            }
        }

        return found.ToImmutable();
    }

    /// <summary>One of a few words.</summary>
    public T Choice<T>(string field, T otherwise, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        var text = Text(field);
        if (text is null)
        {
            return otherwise;
        }

        var words = new List<string>();
        foreach (var (word, value) in choices)
        {
            if (word == text)
            {
                return value;
            }

            words.Add(word);
        }

        Fail(field, $"'{text}' is unknown; known: {string.Join(", ", words)}");
        return otherwise;
    }

    /// <summary>A mapping inside this one as JSON: plain whole numbers are numbers, other scalars texts. Null, with an error gathered, when it is none.</summary>
    public string? Json(string field)
    {
        if (Find(field) is not YamlMappingNode mapping)
        {
            Fail(field, "a mapping is wanted");
            return null;
        }

        var json = new JsonObject();
        Fill(json, mapping);
        return json.ToJsonString();
    }

    /// <summary>All of it as JSON, by the same rules; every field counts as asked for.</summary>
    public string Json()
    {
        _asked.UnionWith(_mapping.Children.Keys.Select(key => key.ToString()));
        var json = new JsonObject();
        Fill(json, _mapping);
        return json.ToJsonString();
    }

    private static void Fill(JsonObject json, YamlMappingNode mapping)
    {
        foreach (var (key, value) in mapping.Children)
        {
            json[key.ToString()] = ToJson(value);
        }
    }

    private static JsonNode? ToJson(YamlNode node)
    {
        switch (node)
        {
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(ToJson)]);
            case YamlMappingNode mapping:
                var json = new JsonObject();
                Fill(json, mapping);
                return json;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                return JsonValue.Create(number);
            default:
                return JsonValue.Create((node as YamlScalarNode)?.Value ?? "");
        }
    }

    public void RejectUnknown()
    {
        foreach (var key in _mapping.Children.Keys.OfType<YamlScalarNode>().Where(key => !_asked.Contains(key.Value ?? "")))
        {
            _errors.Add(new ProfileError(_file, (int)key.Start.Line, Path(key.Value ?? ""), $"unknown field; known here: {string.Join(", ", _asked.Order(StringComparer.Ordinal))}"));
        }
    }

    public void Fail(string field, string message)
    {
        var line = _mapping.Children.TryGetValue(new YamlScalarNode(field), out var node) ? node.Start.Line : _mapping.Start.Line;
        _errors.Add(new ProfileError(_file, (int)line, Path(field), message));
    }

    private YamlNode? Find(string field)
    {
        _asked.Add(field);
        return _mapping.Children.TryGetValue(new YamlScalarNode(field), out var node) ? node : null;
    }

    private string Path(string field) => _path.Length == 0 ? field : $"{_path}.{field}";
}
