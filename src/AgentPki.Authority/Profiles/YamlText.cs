using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace AgentPki.Authority.Profiles;

/// <summary>YAML that somebody sent or wrote, as documents. It is looked through before it is loaded, for loading goes as deep as the text does, and a stack that is too deep ends the process.</summary>
internal static class YamlText
{
    private const int Deepest = 16;

    /// <summary>Null, with an error gathered, when it is no YAML, too deep, or refers to itself (aliases: what is approved is read by people).</summary>
    public static IReadOnlyList<YamlDocument>? Load(string file, string text, List<ProfileError> errors)
    {
        try
        {
            if (WhyNot(text) is var (line, wrong))
            {
                errors.Add(new ProfileError(file, line, "document", wrong));
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return [.. stream.Documents];
        }
        catch (YamlException e)
        {
            errors.Add(new ProfileError(file, (int)e.Start.Line, "document", e.InnerException?.Message ?? e.Message));
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet's scanner, of some plain scalars in flow mappings.
            errors.Add(new ProfileError(file, 0, "document", "it is not YAML in order"));
        }

        return null;
    }

    private static (int Line, string Wrong)? WhyNot(string text)
    {
        var depth = 0;
        for (var parser = new Parser(new StringReader(text)); parser.MoveNext();)
        {
            depth += parser.Current?.NestingIncrease ?? 0;
            var line = (int)(parser.Current?.Start.Line ?? 0);
            if (depth > Deepest)
            {
                return (line, "it is nested too deep");
            }

            if (parser.Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
            {
                return (line, "anchors and aliases are not taken: write it out");
            }
        }

        return null;
    }
}
