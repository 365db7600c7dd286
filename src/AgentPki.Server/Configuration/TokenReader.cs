namespace AgentPki.Server.Configuration;

/// <summary>Reads the tokens of a configuration: <c>token:</c> for one, <c>tokens:</c> for a list in order of preference.</summary>
internal static class TokenReader
{
    /// <summary>Every token; at least one, which is a SoftHSM when the configuration names none.</summary>
    internal static IReadOnlyList<TokenOptions> Read(YamlSection root)
    {
        var list = root.Sections("tokens");
        var single = root.Section("token");
        if (list.Count == 0)
        {
            return [ReadOne(single, isFirst: true)];
        }

        if (single.IsPresent)
        {
            root.Report("token", "stands beside tokens: put it into the list");
        }

        var tokens = list.Select((section, index) => ReadOne(section, index == 0)).ToList();
        foreach (var twice in tokens.GroupBy(t => t.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            root.Report("tokens", $"two are named '{twice.Key}': give one of them another name");
        }

        CheckSeconds(root, tokens);
        return tokens;
    }

    /// <summary>A second token has a first, which is another token and no second itself; and a first has one second.</summary>
    private static void CheckSeconds(YamlSection root, IReadOnlyList<TokenOptions> tokens)
    {
        var seconds = tokens.Where(t => t.MirrorOf.Length > 0).ToList();
        foreach (var second in seconds)
        {
            if (tokens.FirstOrDefault(t => t.Name == second.MirrorOf && t.MirrorOf.Length == 0) is not { } first)
            {
                root.Report("tokens", $"'{second.Name}' has mirrorOf: {second.MirrorOf}, which is no first token here; there are: {string.Join(", ", tokens.Where(t => t.MirrorOf.Length == 0).Select(t => t.Name))}");
            }
            else if (first.Kind == second.Kind && first.Module == second.Module && first.Label == second.Label)
            {
                root.Report("tokens", $"'{second.Name}' and '{first.Name}' are one token (kind and label): a second token has a label of its own");
            }
        }

        foreach (var twice in seconds.GroupBy(t => t.MirrorOf, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            root.Report("tokens", $"'{twice.Key}' has two seconds ({string.Join(", ", twice.Select(t => t.Name))}): it has one at most");
        }
    }

    private static TokenOptions ReadOne(YamlSection section, bool isFirst)
    {
        var kind = section.Text("kind", "softhsm");
        var isFile = kind.EndsWith(".yaml", StringComparison.Ordinal);
        var name = section.Text("name", isFile ? Path.GetFileName(Path.GetDirectoryName(kind)) ?? "token" : kind);
        var suffix = isFirst ? "" : $"-{name}";
        var options = new TokenOptions(
            name,
            kind,
            section.Text("module", ""),
            section.Text("label", "agentpki"),
            section.Choice("pin", PinOrigin.File),
            section.Text("pinFile", Path.Combine("secrets", $"pin{suffix}")),
            Path.Combine("secrets", $"so-pin{suffix}"),
            section.Number("sessions", 8, 2, 256),
            section.Duration("callDeadline", TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(2)),
            section.Text("mirrorOf", ""));
        if (!isFile && !IsWord(kind))
        {
            section.Report("kind", $"'{kind}' must be the name of a folder in hsm-config/, or the path of a token.yaml");
        }

        if (!IsWord(name) || name.Length > 25)
        {
            section.Report("name", $"'{name}' must be 1 to 25 letters, digits and '-'");
        }

        if (options.Label.Length is 0 or > 32)
        {
            section.Report("label", "must be 1 to 32 characters (CK_TOKEN_INFO)");
        }

        _ = section.Text("keyPrefix", ""); // the older place of the appliance's own field
        section.RefuseUnknown();
        return options;
    }

    private static bool IsWord(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
