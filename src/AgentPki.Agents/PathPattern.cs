namespace AgentPki.Agents;

/// <summary>
/// A glob over a SPIFFE ID's path or a DNS name: <c>*</c> matches any characters except the separator, <c>**</c> any characters,
/// everything else itself. Matching takes time linear in pattern × text at worst; there is no backtracking beyond that.
/// </summary>
public static class PathPattern
{
    /// <summary>Whether <paramref name="text"/> as a whole matches <paramref name="pattern"/>.</summary>
    /// <param name="separator">What one star does not cross: <c>/</c> in paths, <c>.</c> in DNS names.</param>
    public static bool Matches(string pattern, string text, char separator = '/')
    {
        // reachable[j]: the pattern so far matches the first j characters of the text.
        Span<bool> reachable = text.Length < 512 ? stackalloc bool[text.Length + 1] : new bool[text.Length + 1];
        reachable[0] = true;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '*')
            {
                var any = i + 1 < pattern.Length && pattern[i + 1] == '*';
                i += any ? 1 : 0;
                for (var j = 1; j <= text.Length; j++)
                {
                    reachable[j] |= reachable[j - 1] && (any || text[j - 1] != separator);
                }
            }
            else
            {
                for (var j = text.Length; j > 0; j--)
                {
                    reachable[j] = reachable[j - 1] && text[j - 1] == pattern[i];
                }

                reachable[0] = false;
            }
        }

        return reachable[text.Length];
    }
}
