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

        foreach (var mirror in tokens.Where(t => t.MirrorOf.Length > 0 && !tokens.Any(o => o.Name == t.MirrorOf && o.Name != t.Name && o.MirrorOf.Length == 0)))
        {
            root.Report("tokens", $"'{mirror.Name}' is to be the second of '{mirror.MirrorOf}', which is no token of its own here");
        }

        foreach (var twice in tokens.Where(t => t.MirrorOf.Length > 0).GroupBy(t => t.MirrorOf, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            root.Report("tokens", $"'{twice.Key}' has two seconds ({string.Join(", ", twice.Select(t => t.Name))}): it has one at most");
        }

        return tokens;
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
