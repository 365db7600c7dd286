namespace AgentPki.Protocols.Acme.Validation.Caa;

/// <summary>The value of an issue or issuewild property (RFC 8659 §4.2).</summary>
/// <param name="Issuer">The issuer's domain name in lower case; empty: nobody may issue.</param>
/// <param name="Parameters">Tags in lower case, in order; a tag may occur more than once.</param>
internal sealed record CaaIssueValue(string Issuer, IReadOnlyList<(string Tag, string Value)> Parameters)
{
    private static readonly char[] WhiteSpace = [' ', '\t'];

    /// <summary>Null when the text is malformed, which means the same as nobody (§4.2).</summary>
    public static CaaIssueValue? Parse(string text)
    {
        // issue-value = *WSP [issuer-domain-name *WSP] [";" *WSP [parameters *WSP]]
        var parts = text.Split(';');
        var issuer = parts[0].Trim(WhiteSpace);
        if (issuer.Length > 0 && !issuer.Split('.').All(IsLabel))
        {
            return null;
        }

        var parameters = new List<(string, string)>();
        foreach (var part in parts.Skip(1))
        {
            var parameter = part.Trim(WhiteSpace);
            if (parameter.Length == 0 && parts.Length == 2)
            {
                break;
            }

            // parameter = tag *WSP "=" *WSP value
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                return null;
            }

            var tag = parameter[..equals].TrimEnd(WhiteSpace);
            var value = parameter[(equals + 1)..].TrimStart(WhiteSpace);
            if (!IsLabel(tag) || value.Any(c => c is <= ' ' or >= '\x7F'))
            {
                return null;
            }

            parameters.Add((tag.ToLowerInvariant(), value));
        }

        return new CaaIssueValue(issuer.ToLowerInvariant(), parameters);
    }

    /// <summary>All values of a parameter.</summary>
    public IReadOnlyList<string> ValuesOf(string tag) => [.. Parameters.Where(p => p.Tag == tag).Select(p => p.Value)];

    // label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))
    private static bool IsLabel(string text) => text.Length > 0 && text[0] != '-' && text[^1] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
