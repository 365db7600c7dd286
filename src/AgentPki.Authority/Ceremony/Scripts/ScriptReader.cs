using System.Collections.Immutable;
using System.Text;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Ceremony.Steps;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>Reads a ceremony's script. All errors at once, each with file, line and field.</summary>
public static class ScriptReader
{
    private const int MostSteps = 100;

    /// <exception cref="CeremonyException">With every error that was found.</exception>
    public static CeremonyScript Read(string file, ReadOnlyMemory<byte> source)
    {
        var errors = new List<ProfileError>();
        var script = Read(file, source, errors);
        return script ?? throw new CeremonyException($"The script is wrong: {string.Join("; ", errors)}");
    }

    private static CeremonyScript? Read(string file, ReadOnlyMemory<byte> source, List<ProfileError> errors)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(source.Span);
        }
        catch (DecoderFallbackException)
        {
            errors.Add(new ProfileError(file, 1, "document", "it is not UTF-8"));
            return null;
        }

        if (ProfileNode.Parse(file, new StringReader(text), errors) is not { } node)
        {
            return null;
        }

        if (node.Number("version", 1, 1, int.MaxValue) != 1)
        {
            node.Fail("version", "this program reads version 1");
        }

        var title = node.RequiredText("ceremony");
        if (title.Length > 100 || title.Any(char.IsControl))
        {
            node.Fail("ceremony", "1 to 100 characters on one line are wanted");
        }

        var officers = node.Section("officers");
        var quorum = officers.Number("quorum", 0, 2, 16);
        var members = officers.Texts("members");
        if (quorum < 2 || members.Length < quorum)
        {
            officers.Fail("quorum", "a quorum of at least 2, and at least as many members, are wanted");
        }

        officers.RejectUnknown();
        var steps = node.Sections("steps").Select(ReadStep).OfType<ScriptStep>().ToImmutableArray();
        if (steps.Length is 0 or > MostSteps)
        {
            node.Fail("steps", $"1 to {MostSteps} steps are wanted");
        }

        foreach (var step in steps.Where(s => s.Quorum > members.Length))
        {
            node.Fail("steps", $"a quorum of {step.Quorum} is more than there are officers ({members.Length})");
        }

        node.RejectUnknown();
        return errors.Count == 0 ? new CeremonyScript(title, quorum, members, steps, source) : null;
    }

    private static ScriptStep? ReadStep(ProfileNode node)
    {
        var word = node.RequiredText("step");
        if (StepKinds.Find(word) is not { } kind)
        {
            node.Fail("step", $"'{word}' is unknown; known: {string.Join(", ", StepKinds.All.Select(k => k.Name))}");
            return null;
        }

        var fields = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var field in kind.Fields)
        {
            if (field.IsRequired && !node.Has(field.Name))
            {
                node.Fail(field.Name, $"is missing: {field.Meaning}");
            }
            else if ((node.Text(field.Name) ?? field.Otherwise) is { } value)
            {
                if (field.WhyNot(value) is { } wrong)
                {
                    node.Fail(field.Name, wrong);
                }

                fields[field.Name] = value;
            }
        }

        int? quorum = node.Has("quorum") ? node.Number("quorum", 2, 2, 16) : null;
        node.RejectUnknown();
        return new ScriptStep(kind, quorum, fields.ToImmutable());
    }
}
