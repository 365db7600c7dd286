using AgentPki.X509.Names;

namespace AgentPki.Server.Configuration;

/// <summary>Bundles given to foreign trust domains, and taken from them (<c>spiffe: federation:</c>).</summary>
/// <param name="Publish">Whether this trust domain's bundle is served at the HTTPS door (profile https_web).</param>
/// <param name="Port">Where it is served by an X.509-SVID (profile https_spiffe); null: nowhere.</param>
public sealed record FederationSettings(bool Publish, int? Port, TimeSpan RefreshHint, IReadOnlyList<FederationDomainSettings> Domains)
{
    internal static FederationSettings Read(YamlSection section, string trustDomain)
    {
        var settings = new FederationSettings(
            section.Flag("publish", false),
            section.Text("port", "").Length > 0 ? section.Number("port", 0, 0, 65535) : null,
            section.Duration("refreshHint", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)),
            [.. section.Sections("domains").Select(d => ReadDomain(d, trustDomain))]);
        if (settings.Domains.GroupBy(d => d.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            section.Report("domains", $"'{twice.Key}' is there twice");
        }

        section.RefuseUnknown();
        return settings;
    }

    private static FederationDomainSettings ReadDomain(YamlSection section, string trustDomain)
    {
        var domain = new FederationDomainSettings(section.Text("name", ""), section.Text("url", ""), section.Text("endpointId", ""), section.Text("bundle", ""), section.Text("roots", ""));
        section.RefuseUnknown();
        if (domain.Name == trustDomain || !SpiffeId.TryParse($"spiffe://{domain.Name}", out var name) || name.TrustDomain != domain.Name)
        {
            section.Report("name", $"'{domain.Name}' is not the name of a foreign trust domain");
        }

        if (!Uri.TryCreate(domain.Url, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps || url.UserInfo.Length > 0)
        {
            section.Report("url", $"'{domain.Url}' must be an https:// URL without user information (SPIFFE Federation §5.1)");
        }

        if (domain.EndpointId.Length > 0 && (!SpiffeId.TryParse(domain.EndpointId, out var id) || id.Path.Length == 0 || id.TrustDomain != domain.Name))
        {
            section.Report("endpointId", $"'{domain.EndpointId}' must be a SPIFFE ID of {domain.Name}: that of its bundle endpoint (profile https_spiffe)");
        }

        if (domain.EndpointId.Length > 0 && domain.Bundle.Length == 0)
        {
            section.Report("bundle", "is missing: with https_spiffe the first bundle comes from their administrator, or nothing says who may serve the next");
        }

        return domain;
    }
}

/// <summary>A foreign trust domain.</summary>
/// <param name="EndpointId">The ID that its endpoint shows (https_spiffe); empty: https_web.</param>
/// <param name="Bundle">A file with its first bundle; empty: what the endpoint serves is the first.</param>
/// <param name="Roots">Of https_web: a PEM file with the roots that its endpoint is trusted by; empty: the system's.</param>
public sealed record FederationDomainSettings(string Name, string Url, string EndpointId, string Bundle, string Roots);
