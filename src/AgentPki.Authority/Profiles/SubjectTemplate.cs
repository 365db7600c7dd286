using AgentPki.X509.Names;

namespace AgentPki.Authority.Profiles;

/// <summary>Makes a subject name from a profile's template (RFC 4514 with <c>{cn}</c>).</summary>
internal static class SubjectTemplate
{
    private const string CommonName = "{cn}";

    /// <summary>Null when template and common name make no valid name.</summary>
    public static X500Name? TryMake(string template, string commonName)
    {
        try
        {
            return X500Name.FromRfc4514(template.Replace(CommonName, Escape(commonName), StringComparison.Ordinal));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }

    // RFC 4514 §2.4: a common name must not bring attributes of its own.
    private static string Escape(string value) => string.Concat(value.Select(c => c is ',' or '+' or '"' or '\\' or '<' or '>' or ';' or '=' or '#' or ' ' ? $"\\{c}" : c.ToString()));
}
