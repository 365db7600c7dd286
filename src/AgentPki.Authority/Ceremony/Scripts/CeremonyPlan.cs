using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>One step of a plan, complete and fixed.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Parameters">Its fields; of files also <c>NAME.sha256</c>.</param>
public sealed record PlannedStep(int Number, StepKind Kind, int Quorum, ImmutableSortedDictionary<string, string> Parameters)
{
    /// <summary>The value of a field that the kind requires or gives a default.</summary>
    public string this[string name] => Parameters[name];

    /// <summary>The value, or null when it was left out.</summary>
    public string? Find(string name) => Parameters.GetValueOrDefault(name);
}

/// <summary>
/// What officers approve: everything that a ceremony will do, the digests of every file that it reads, and who decides. A plan is of one ceremony and is
/// carried out once; its id is random, so that no two plans have one digest.
/// </summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Home">The name of the appliance that it is for.</param>
/// <param name="Rehearsal">On a throwaway token, to be thrown away with what it made.</param>
public sealed record CeremonyPlan(
    string Id, string Title, DateTimeOffset Created, string Software, string Home, bool Rehearsal, string ScriptSha256, OfficerRoster Roster, ImmutableArray<PlannedStep> Steps)
{
    internal const string SheetKind = "agentpki-plan/1";

    /// <summary>SHA-256 of <see cref="Encode"/>: what officers compare.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encode()));

    /// <summary>Makes the plan of a script.</summary>
    /// <param name="folder">What paths in the script are relative to.</param>
    /// <exception cref="CeremonyException">A file is missing or is not what it should be, or the officers make no roster.</exception>
    public static CeremonyPlan Make(CeremonyScript script, string folder, string home, bool rehearsal, string software, CryptoProviders providers, DateTimeOffset now)
    {
        var officers = script.OfficerFiles.Select(path => ReadOfficer(Path.GetFullPath(path, folder), path, providers)).ToList();
        OfficerRoster roster;
        try
        {
            roster = OfficerRoster.Of(script.Quorum, officers);
        }
        catch (ArgumentException e)
        {
            throw new CeremonyException($"The officers of the script make no roster: {e.Message}.", e);
        }

        var steps = script.Steps.Select((step, i) => new PlannedStep(i + 1, step.Kind, step.Quorum ?? script.Quorum, WithDigests(step, folder))).ToImmutableArray();
        return new CeremonyPlan(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), script.Title, now, software, home, rehearsal, Convert.ToHexStringLower(SHA256.HashData(script.Source.Span)), roster, steps);
    }

    /// <summary>The text of the plan.</summary>
    public byte[] Encode()
    {
        var facts = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        void Add(string name, string value) => facts.Add(new(name, value));
        Add("ceremony", Id);
        Add("title", Title);
        Add("created", Instants.ToText(Created));
        Add("software", Software);
        Add("home", Home);
        Add("rehearsal", Rehearsal ? "yes" : "no");
        Add("script-sha256", ScriptSha256);
        Add("quorum", Roster.Quorum.ToString(CultureInfo.InvariantCulture));
        foreach (var officer in Roster.Officers)
        {
            Add($"officer.{officer.Name}", officer.FullName);
            Add($"officer.{officer.Name}.algorithm", officer.SigningKey.Algorithm.DefaultSignature.Name);
            Add($"officer.{officer.Name}.signing-key", Convert.ToBase64String(officer.SigningKey.SubjectPublicKeyInfo.Span));
            Add($"officer.{officer.Name}.receiving-key", Convert.ToBase64String(officer.ReceivingKey.SubjectPublicKeyInfo.Span));
            Add($"officer.{officer.Name}.signature", Convert.ToBase64String(officer.Signature.Span));
        }

        foreach (var step in Steps)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"step.{step.Number}");
            Add(name, step.Kind.Name);
            Add($"{name}.quorum", step.Quorum.ToString(CultureInfo.InvariantCulture));
            foreach (var (field, value) in step.Parameters)
            {
                Add($"{name}.{field}", value);
            }
        }

        return new FactSheet(SheetKind, facts.ToImmutable()).Encode();
    }

    /// <summary>Reads the text of a plan; false with the reason.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, CryptoProviders providers, [NotNullWhen(true)] out CeremonyPlan? plan, [NotNullWhen(false)] out string? problem)
    {
        plan = null;
        if (!FactSheet.TryParse(encoded, out var sheet, out problem))
        {
            return false;
        }

        try
        {
            plan = Parse(sheet, providers);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            problem = $"it is not the plan of a ceremony: {e.Message}";
            return false;
        }

        // One plan has one text: what this program does not know must not be approved unseen.
        if (!plan.Encode().AsSpan().SequenceEqual(encoded))
        {
            (plan, problem) = (null, "it says more than this program understands, or in another order: another version made it");
            return false;
        }

        return true;
    }

    private static CeremonyPlan Parse(FactSheet sheet, CryptoProviders providers)
    {
        string Need(string name) => sheet[name] ?? throw new FormatException($"'{name}' is missing");
        int Number(string name) => int.TryParse(Need(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new FormatException($"'{name}' is no number");
        if (sheet.Kind != SheetKind || !Instants.TryParse(Need("created"), out var created) || Need("ceremony") is not { Length: 32 } id || !id.All(char.IsAsciiHexDigitLower) || Need("rehearsal") is not ("yes" or "no"))
        {
            throw new FormatException("the kind, the id or the time is not one");
        }

        var officers = sheet.Facts.Where(f => f.Key.StartsWith("officer.", StringComparison.Ordinal) && f.Key.Count(c => c == '.') == 1).Select(f =>
        {
            var file = new OfficerFile(f.Key["officer.".Length..], f.Value, Need($"{f.Key}.signing-key"), Need($"{f.Key}.receiving-key"), Need($"{f.Key}.signature"));
            return Officer.TryParse(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(file, OfficerJson.Default.OfficerFile), providers, out var officer, out var problem) ? officer : throw new FormatException($"{f.Key}: {problem}");
        }).ToList();
        var steps = ImmutableArray.CreateBuilder<PlannedStep>();
        for (var number = 1; sheet[$"step.{number}"] is { } word; number++)
        {
            var prefix = $"step.{number}.";
            var kind = StepKinds.Find(word) ?? throw new FormatException($"a step '{word}' is unknown");
            var parameters = sheet.Facts.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal) && f.Key != $"{prefix}quorum").ToImmutableSortedDictionary(f => f.Key[prefix.Length..], f => f.Value, StringComparer.Ordinal);
            steps.Add(WhyNot(kind, parameters) is { } wrong ? throw new FormatException($"step {number}: {wrong}") : new PlannedStep(number, kind, Number($"{prefix}quorum"), parameters));
        }

        return new CeremonyPlan(id, Need("title"), created, Need("software"), Need("home"), Need("rehearsal") == "yes", Need("script-sha256"), OfficerRoster.Of(Number("quorum"), officers), steps.ToImmutable());
    }

    // A plan may come from anywhere; what a script would not be taken for is not taken here either.
    private static string? WhyNot(StepKind kind, ImmutableSortedDictionary<string, string> parameters)
    {
        foreach (var field in kind.Fields)
        {
            if (!parameters.TryGetValue(field.Name, out var value) ? field.IsRequired || field.Otherwise is not null : field.WhyNot(value) is not null)
            {
                return $"'{field.Name}' is missing or not what may stand there";
            }
        }

        var names = kind.Fields.Where(f => parameters.ContainsKey(f.Name)).SelectMany(f => f.IsFile ? new[] { f.Name, $"{f.Name}.sha256" } : [f.Name]).ToHashSet(StringComparer.Ordinal);
        return names.SetEquals(parameters.Keys) ? null : $"{string.Join(", ", names.Concat(parameters.Keys).Distinct().Where(n => !names.Contains(n) || !parameters.ContainsKey(n)))}: more or less than a step '{kind.Name}' has";
    }

    private static Officer ReadOfficer(string path, string shown, CryptoProviders providers)
    {
        if (!File.Exists(path))
        {
            throw new CeremonyException($"The officer's file {shown} is not there. 'agentpki officer new' makes one.");
        }

        return Officer.TryParse(File.ReadAllBytes(path), providers, out var officer, out var problem) ? officer : throw new CeremonyException($"The officer's file {shown} cannot be taken: {problem}.");
    }

    private static ImmutableSortedDictionary<string, string> WithDigests(ScriptStep step, string folder)
    {
        var parameters = step.Fields;
        foreach (var field in step.Kind.Fields.Where(f => f.IsFile && step.Fields.ContainsKey(f.Name)))
        {
            var path = Path.GetFullPath(step.Fields[field.Name], folder);
            if (!File.Exists(path))
            {
                throw new CeremonyException($"Step '{step.Kind.Name}': the file {step.Fields[field.Name]} is not there.");
            }

            parameters = parameters.Add($"{field.Name}.sha256", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        }

        return parameters;
    }
}
