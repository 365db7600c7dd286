using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AgentPki.Server.Configuration;

/// <summary>Reads one mapping of a YAML file, field by field; collects every problem instead of stopping at the first.</summary>
public sealed class YamlSection
{
    private readonly YamlMappingNode? _mapping;
    private readonly string _file;
    private readonly string _path;
    private readonly List<ConfigurationProblem> _problems;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private YamlSection(YamlMappingNode? mapping, string file, string path, List<ConfigurationProblem> problems) =>
        (_mapping, _file, _path, _problems) = (mapping, file, path, problems);

    public IReadOnlyList<ConfigurationProblem> Problems => _problems;

    /// <summary>Parses a whole file. A syntax error becomes the one problem of an otherwise empty section.</summary>
    /// <param name="file">The name shown in problems.</param>
    public static YamlSection Parse(string text, string file)
    {
        var problems = new List<ConfigurationProblem>();
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            var root = stream.Documents.Count > 0 ? stream.Documents[0].RootNode : new YamlMappingNode();
            if (root is not YamlMappingNode mapping)
            {
                problems.Add(new ConfigurationProblem(file, "(whole file)", "must be a mapping of fields"));
                return new YamlSection(null, file, "", problems);
            }

            return new YamlSection(mapping, file, "", problems);
        }
        catch (YamlException error)
        {
            problems.Add(new ConfigurationProblem($"{file}:{error.Start.Line}", "(syntax)", error.Message));
            return new YamlSection(null, file, "", problems);
        }
    }

    public YamlSection Section(string field)
    {
        var node = Find(field);
        if (node is not null and not YamlMappingNode && !IsEmpty(node))
        {
            Report(node, field, "must be a mapping of fields");
        }

        return new YamlSection(node as YamlMappingNode, _file, PathOf(field), _problems);
    }

    /// <summary>Whether the file has this section at all.</summary>
    public bool IsPresent => _mapping is not null;

    /// <summary>The mappings of a list; none when the field is missing or empty.</summary>
    public IReadOnlyList<YamlSection> Sections(string field)
    {
        switch (Find(field))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.All(n => n is YamlMappingNode):
                return [.. sequence.Cast<YamlMappingNode>().Select((n, i) => new YamlSection(n, _file, string.Create(CultureInfo.InvariantCulture, $"{PathOf(field)}[{i}]"), _problems))];
            case { } node when IsEmpty(node):
                return [];
            case { } node:
                Report(node, field, "must be a list of mappings");
                return [];
        }
    }

    public string Text(string field, string fallback) => Scalar(field) ?? fallback;

    public int Number(string field, int fallback, int minimum, int maximum)
    {
        if (Scalar(field) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum)
        {
            return value;
        }

        Report(Find(field), field, string.Create(CultureInfo.InvariantCulture, $"'{text}' must be a whole number from {minimum} to {maximum}"));
        return fallback;
    }

    public bool Flag(string field, bool fallback)
    {
        switch (Scalar(field))
        {
            case null:
                return fallback;
            case "true":
                return true;
            case "false":
                return false;
            case var other:
                Report(Find(field), field, $"'{other}' must be true or false");
                return fallback;
        }
    }

    /// <summary>A span of time: a number and one of <c>ms s m h d</c>.</summary>
    public TimeSpan Duration(string field, TimeSpan fallback, TimeSpan minimum, TimeSpan maximum)
    {
        if (Scalar(field) is not { } text)
        {
            return fallback;
        }

        if (Durations.TryParse(text, out var value) && value >= minimum && value <= maximum)
        {
            return value;
        }

        Report(Find(field), field, $"'{text}' must be a time such as 30s, 5m, 12h or 2d, from {Durations.Format(minimum)} to {Durations.Format(maximum)}");
        return fallback;
    }

    public T Choice<T>(string field, T fallback)
        where T : struct, Enum
    {
        if (Scalar(field) is not { } text)
        {
            return fallback;
        }

        if (Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]))
        {
            return value;
        }

        Report(Find(field), field, $"'{text}' must be one of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");
        return fallback;
    }

    public IReadOnlyList<string> List(string field)
    {
        switch (Find(field))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.All(n => n is YamlScalarNode):
                return [.. sequence.Cast<YamlScalarNode>().Select(n => n.Value ?? "")];
            case { } node when IsEmpty(node):
                return [];
            case { } node:
                Report(node, field, "must be a list of texts");
                return [];
        }
    }

    /// <summary>Reports every field that nothing asked for: a misspelt field is an error, not a default.</summary>
    public void RefuseUnknown()
    {
        foreach (var key in _mapping?.Children.Keys ?? [])
        {
            if (key is not YamlScalarNode { Value: { } name } || !_known.Contains(name))
            {
                Report(key, key.ToString(), $"is not a field here; known: {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
            }
        }
    }

    /// <summary>Adds a problem found by a check across fields.</summary>
    public void Report(string field, string detail) => Report(Find(field), field, detail);

    private void Report(YamlNode? node, string field, string detail) =>
        _problems.Add(new ConfigurationProblem(node is null ? _file : string.Create(CultureInfo.InvariantCulture, $"{_file}:{node.Start.Line}"), PathOf(field), detail));

    private string? Scalar(string field)
    {
        switch (Find(field))
        {
            case null:
                return null;
            case YamlScalarNode scalar:
                return string.IsNullOrEmpty(scalar.Value) ? null : scalar.Value;
            case { } node:
                Report(node, field, "must be a single value");
                return null;
        }
    }

    private YamlNode? Find(string field)
    {
        _known.Add(field);
        return _mapping is not null && _mapping.Children.TryGetValue(new YamlScalarNode(field), out var node) ? node : null;
    }

    private string PathOf(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    private static bool IsEmpty(YamlNode node) => node is YamlScalarNode { Value: null or "" };
}
