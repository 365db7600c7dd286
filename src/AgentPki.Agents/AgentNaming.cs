using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.Names;

namespace AgentPki.Agents;

/// <summary>What a profile says about an agent's SPIFFE ID.</summary>
/// <param name="Template">The path given to an agent that asks for none, for example <c>/agent/{cn}</c>; null: it must ask.</param>
/// <param name="Patterns">Globs of the paths that may be asked for; empty: none may, the template decides alone.</param>
public sealed record AgentPathRule(string? Template, IReadOnlyList<string> Patterns);

/// <summary>
/// Gives agents their names: one SPIFFE ID of the appliance's own trust domain (SPIFFE-ID §2), asked for and allowed, or made from a template.
/// </summary>
public sealed class AgentNaming
{
    private const string CommonNamePlaceholder = "{cn}";
    private const string DnsPlaceholder = "{dns}";

    /// <exception cref="ArgumentException"><paramref name="trustDomain"/> is not a valid trust domain name.</exception>
    public AgentNaming(string trustDomain)
    {
        if (!SpiffeId.TryParse($"spiffe://{trustDomain}", out var probe) || probe.TrustDomain != trustDomain)
        {
            throw new ArgumentException($"'{trustDomain}' is no trust domain name: lower-case letters, digits, '.', '-' and '_', at most 255 characters (SPIFFE-ID §2.1).", nameof(trustDomain));
        }

        TrustDomain = trustDomain;
    }

    /// <summary>The only trust domain this appliance names agents in.</summary>
    public string TrustDomain { get; }

    /// <summary>Finds the name of an agent that enrols.</summary>
    /// <param name="requested">The SPIFFE ID in the request; null when it carries none.</param>
    /// <param name="commonName">The request's common name, for the template.</param>
    /// <param name="dnsName">The request's first DNS name, for the template.</param>
    /// <param name="credentialPattern">
    /// The glob of the credential that enrols it (<c>EnrollmentCredential.SubjectPattern</c>): it allows what it matches and nothing else; null: the profile alone decides.
    /// </param>
    /// <param name="error">Why there is no name, for the client: what was wrong and what would be right.</param>
    public bool TryName(AgentPathRule rule, SpiffeId? requested, string? commonName, string? dnsName, string? credentialPattern, [NotNullWhen(true)] out SpiffeId? name, [NotNullWhen(false)] out string? error)
    {
        name = null;
        if (!(requested is null ? TryAssign(rule, commonName, dnsName, out name, out error) : TryAllow(rule, requested, commonName, dnsName, credentialPattern, out name, out error)))
        {
            return false;
        }

        if (credentialPattern is not null && !PathPattern.Matches(credentialPattern, name.Path))
        {
            error = $"the credential enrols agents under {credentialPattern} only, not {name.Path}{(requested is null ? "; ask for such a SPIFFE ID in the subjectAltName" : "")}";
            name = null;
            return false;
        }

        return true;
    }

    private bool TryAllow(AgentPathRule rule, SpiffeId requested, string? commonName, string? dnsName, string? credentialPattern, [NotNullWhen(true)] out SpiffeId? name, [NotNullWhen(false)] out string? error)
    {
        name = null;
        if (!string.Equals(requested.TrustDomain, TrustDomain, StringComparison.Ordinal))
        {
            error = $"the trust domain '{requested.TrustDomain}' is not this appliance's; ask for spiffe://{TrustDomain}/…";
            return false;
        }

        // Asking for what the template gives anyway is always allowed; and whoever made the credential for a pattern meant it.
        if ((credentialPattern is not null && PathPattern.Matches(credentialPattern, requested.Path))
            || rule.Patterns.Any(pattern => PathPattern.Matches(pattern, requested.Path))
            || (TryAssign(rule, commonName, dnsName, out var assigned, out _) && string.Equals(assigned.Path, requested.Path, StringComparison.Ordinal)))
        {
            (name, error) = (requested, null);
            return true;
        }

        error = rule.Patterns.Count == 0
            ? "this profile assigns the SPIFFE ID itself; leave it out of the request"
            : $"the path {requested.Path} is not one this profile allows ({string.Join(", ", rule.Patterns)})";
        return false;
    }

    private bool TryAssign(AgentPathRule rule, string? commonName, string? dnsName, [NotNullWhen(true)] out SpiffeId? name, [NotNullWhen(false)] out string? error)
    {
        name = null;
        if (rule.Template is not { } template)
        {
            error = $"the request carries no SPIFFE ID and this profile assigns none; put spiffe://{TrustDomain}/… into its subjectAltName";
            return false;
        }

        foreach (var (placeholder, value, what) in new[] { (CommonNamePlaceholder, commonName, "common name"), (DnsPlaceholder, dnsName, "DNS name") })
        {
            if (!template.Contains(placeholder, StringComparison.Ordinal))
            {
                continue;
            }

            if (!IsPathSegment(value))
            {
                error = value is null
                    ? $"the request carries no {what}, from which this profile makes the SPIFFE ID ({template})"
                    : $"the {what} cannot be part of a SPIFFE ID ({template}): letters, digits, '.', '-' and '_' only, not '.' or '..' alone (SPIFFE-ID §2.2)";
                return false;
            }

            template = template.Replace(placeholder, value, StringComparison.Ordinal);
        }

        if (!SpiffeId.TryParse($"spiffe://{TrustDomain}{template}", out name))
        {
            error = $"the template makes no valid SPIFFE ID ({template}, SPIFFE-ID §2.2)";
            return false;
        }

        error = null;
        return true;
    }

    /// <summary>SPIFFE-ID §2.2: a path segment's characters; no empty, <c>.</c> or <c>..</c> segments.</summary>
    public static bool IsPathSegment([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= 255 } and not ("." or "..") && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
