using System.Collections.Frozen;
using Antlr4.Runtime.Tree;

namespace AgentPki.Agents.Decisions.Policies;

/// <summary>
/// What of CEL a condition may use: everything that ends quickly whatever it is given. Regular expressions, conversions and nested comprehensions are left out; names and functions are a
/// closed list, so that a misspelt one is found when the file is read and not when it decides.
/// </summary>
internal static class ConditionText
{
    /// <summary>Characters in a condition.</summary>
    public const int MaximumLength = 1024;

    private const int MaximumNesting = 16;

    private static readonly FrozenSet<string> Comprehensions = new[] { "all", "exists", "exists_one" }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Functions = new[]
    {
        "has", "size", "startsWith", "endsWith", "contains", "all", "exists", "exists_one", "timestamp", "duration",
        "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Before it is parsed: the parser is recursive.</summary>
    public static string? WhyNotParsed(string text)
    {
        var (depth, deepest) = (0, 0);
        foreach (var c in text)
        {
            depth += c is '(' or '[' or '{' ? 1 : c is ')' or ']' or '}' ? -1 : 0;
            deepest = Math.Max(deepest, depth);
        }

        return text.Length is 0 or > MaximumLength ? $"a condition has 1 to {MaximumLength} characters"
            : text.Any(c => c > '~' || (c < ' ' && c is not ('\n' or '\t'))) ? "a condition is written in ASCII; other characters have escapes (\\u00e9)"
            : deepest > MaximumNesting ? $"a condition is nested at most {MaximumNesting} deep"
            : null;
    }

    /// <summary>After it was parsed: what it uses.</summary>
    /// <param name="needs">Members of <c>context</c>, <c>claims</c> and properties that it cannot do without, where that can be seen from the text; empty where it cannot.</param>
    /// <param name="isMomentary">Whether it looks at the time or at what the agent did of late: what it says may be otherwise a moment later, with nothing changed.</param>
    public static string? WhyNot(IParseTree tree, out IReadOnlyList<string[]> needs, out bool isMomentary)
    {
        var tokens = new List<string>();
        Gather(tree, tokens);
        (needs, isMomentary) = ([], false);
        if (tokens.Contains("{"))
        {
            return "a condition makes no maps or messages";
        }

        if (tokens.Count(Comprehensions.Contains) > 1)
        {
            return "a condition has at most one of all, exists and exists_one: write two policies";
        }

        var locals = new HashSet<string>(StringComparer.Ordinal);
        var found = new List<string[]>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!IsName(tokens[i]))
            {
                continue;
            }

            if (At(tokens, i + 1) == "(")
            {
                if (!Functions.Contains(tokens[i]))
                {
                    return $"'{tokens[i]}' is no function here; known: {string.Join(", ", Functions.Order(StringComparer.Ordinal))}";
                }

                if (Comprehensions.Contains(tokens[i]) && IsName(At(tokens, i + 2)))
                {
                    locals.Add(At(tokens, i + 2));
                }
            }
            else if (At(tokens, i - 1) != ".")
            {
                if (!ConditionFacts.Names.Contains(tokens[i]) && !locals.Contains(tokens[i]))
                {
                    return $"'{tokens[i]}' is unknown; known: {string.Join(", ", ConditionFacts.Names)}";
                }

                isMomentary |= tokens[i] is "now" or "recent";
                var start = i;
                var path = new List<string> { tokens[i] };
                while (At(tokens, i + 1) == "." && IsName(At(tokens, i + 2)) && At(tokens, i + 3) != "(")
                {
                    path.Add(tokens[i + 2]);
                    i += 2;
                }

                if (At(tokens, start - 1) != "(" || At(tokens, start - 2) != "has")
                {
                    found.Add([.. path]);
                }
            }
        }

        // With these, whether a member is looked at depends on the others.
        needs = tokens.Any(t => t is "||" or "?" or "has" || Comprehensions.Contains(t)) ? [] : [.. found.Where(IsOfRequest)];
        return null;
    }

    private static bool IsOfRequest(string[] path) => path is ["context" or "claims", _, ..] or ["action" or "resource", "properties", _, ..];

    private static string At(List<string> tokens, int index) => index >= 0 && index < tokens.Count ? tokens[index] : "";

    private static bool IsName(string token) => token.Length > 0 && (char.IsAsciiLetter(token[0]) || token[0] == '_') && token.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && token is not ("true" or "false" or "null" or "in");

    private static void Gather(IParseTree tree, List<string> tokens)
    {
        if (tree is ITerminalNode leaf)
        {
            tokens.Add(leaf.Symbol.Text);
            return;
        }

        for (var i = 0; i < tree.ChildCount; i++)
        {
            Gather(tree.GetChild(i), tokens);
        }
    }
}
