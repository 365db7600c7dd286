using System.Globalization;
using AgentPki.Authority.OAuth;

namespace AgentPki.Server.Configuration;

/// <summary>Reads the section <c>oauth</c>: access tokens for agents (docs/oauth.md). Off unless it says otherwise.</summary>
internal static class OAuthReader
{
    /// <returns>Null: switched off.</returns>
    public static OAuthOptions? Read(YamlSection section, ListenOptions listen)
    {
        var enabled = section.Flag("enabled", false);
        var options = new OAuthOptions
        {
            Issuer = section.Text("issuer", string.Create(CultureInfo.InvariantCulture, $"https://localhost:{listen.HttpsPort}")).TrimEnd('/'),
            TokenLifetime = section.Duration("tokenLifetime", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30), TimeSpan.FromHours(1)),
            TakesJwtSvids = section.Flag("spiffeJwt", true),
            Resources = [.. section.Sections("resources").Select(ReadResource)],
        };
        section.RefuseUnknown();
        try
        {
            options.Validate();
        }
        catch (ArgumentException wrong)
        {
            section.Report("issuer", wrong.Message);
        }

        return enabled ? options : null;
    }

    private static OAuthResource ReadResource(YamlSection section)
    {
        var resource = new OAuthResource(section.Text("uri", ""), !section.Flag("mtls", true));
        section.RefuseUnknown();
        return resource;
    }
}
