using AgentPki.Protocols.Acme.AuthorityTokens;

namespace AgentPki.Server.Configuration;

/// <summary>tkauth-01 as configured. The keys are still names of files, relative to the home.</summary>
/// <param name="Options">Without authorities.</param>
public sealed record AuthorityTokenSettings(AuthorityTokenOptions Options, IReadOnlyList<TokenKeyFile> Keys);

/// <summary>A file with an authority's public key or certificate (PEM), and what it may give.</summary>
public sealed record TokenKeyFile(string File, string? Issuer, IReadOnlyList<string> Paths);

/// <summary>Reads <c>acme.authorityTokens</c>.</summary>
internal static class AuthorityTokenReader
{
    public static AuthorityTokenSettings Read(YamlSection section)
    {
        var url = section.Text("url", "");
        var options = new AuthorityTokenOptions
        {
            Url = url.Length == 0 ? null : url,
            LongestLife = section.Duration("longest", TimeSpan.FromDays(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
        };
        var settings = new AuthorityTokenSettings(options, [.. section.Sections("keys").Select(ReadKey)]);
        section.RefuseUnknown();
        return settings;
    }

    private static TokenKeyFile ReadKey(YamlSection section)
    {
        var (file, issuer, paths) = (section.Text("file", ""), section.Text("issuer", ""), section.List("paths"));
        if (file.Length == 0)
        {
            section.Report("file", "names no file; it holds the authority's public key or certificate in PEM");
        }

        if (paths.Count == 0 || paths.Any(p => !p.StartsWith('/')))
        {
            section.Report("paths", "lists globs over SPIFFE paths, such as /agent/fleet/*: what the authority may give");
        }

        section.RefuseUnknown();
        return new TokenKeyFile(file, issuer.Length == 0 ? null : issuer, paths);
    }
}
