using System.Net;
using System.Net.Mail;
using AgentPki.Agents;
using AgentPki.Authority.Profiles;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Enrollment;

/// <summary>The alternative names a request asks for, sorted into the one that names the agent and the others.</summary>
/// <param name="Spiffe">The SPIFFE ID asked for; null when there is none.</param>
/// <param name="Others">The other names, without duplicates, in the request's order.</param>
internal sealed record RequestedNames(SpiffeId? Spiffe, IReadOnlyList<GeneralName> Others)
{
    /// <summary>Sorts the names; null with what is wrong with them.</summary>
    public static RequestedNames? Sort(IReadOnlyList<GeneralName> names, out string? error)
    {
        error = null;
        SpiffeId? spiffe = null;
        var others = new List<GeneralName>(names.Count);
        foreach (var name in names)
        {
            if (name.HasControlCharacters)
            {
                error = "a name carries control or invisible characters";
                return null;
            }

            if (name is GeneralName.Uri(var uri) && SpiffeId.HasScheme(uri))
            {
                if (!SpiffeId.TryParse(uri, out var parsed, out var reason))
                {
                    error = $"a SPIFFE ID is not valid: {reason}";
                    return null;
                }

                if (spiffe is not null && spiffe != parsed)
                {
                    error = "two SPIFFE IDs; a certificate carries one (X509-SVID §2)";
                    return null;
                }

                spiffe = parsed;
            }
            else if (!others.Contains(name))
            {
                others.Add(name);
            }
        }

        return new RequestedNames(spiffe, others);
    }

    /// <summary>
    /// The alternative name that a common name stands for when it is a host name or an address: those are checked in subjectAltName only
    /// (RFC 9525 §2), so that the appliance adds it where a client left it out. Null for every other common name.
    /// </summary>
    public static GeneralName? OfCommonName(X500Name subject) => subject.CommonName is not { } commonName || !DnsNames.LooksLikeHost(commonName)
        ? null
        : IPAddress.TryParse(commonName, out var address) ? new GeneralName.Ip(address) : new GeneralName.Dns(commonName);
}

/// <summary>Which names beside the SPIFFE ID a profile lets into a certificate.</summary>
internal static class NameRules
{
    /// <summary>Null when every name is allowed; else what was wrong and what would be right.</summary>
    /// <param name="names">Without the SPIFFE ID.</param>
    /// <param name="extra">How many names come to these.</param>
    public static string? Check(IReadOnlyList<GeneralName> names, int extra, NameRule rule)
    {
        if (names.Count + extra > rule.Maximum)
        {
            return $"{names.Count} names; this profile allows {rule.Maximum - extra}";
        }

        foreach (var name in names)
        {
            if (Check(name, rule) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private static string? Check(GeneralName name, NameRule rule) => name switch
    {
        GeneralName.Dns(var dns) => CheckDns(dns, rule),
        GeneralName.Ip => rule.Addresses switch
        {
            NameLeave.Yes => null,
            NameLeave.Proven => "this profile allows IP addresses that were proven over ACME only",
            _ => "this profile allows no IP addresses",
        },
        GeneralName.Rfc822(var mail) => CheckMail(mail, rule),
        GeneralName.Uri(var uri) => rule.UriPatterns.Any(p => PathPattern.Matches(p, uri)) ? null : "this profile does not allow that URI",
        _ => "this profile allows DNS names, IP addresses, mail addresses and URIs as far as it names them, nothing else",
    };

    private static string? CheckDns(string dns, NameRule rule)
    {
        var wildcard = dns.Contains('*', StringComparison.Ordinal);
        if ((wildcard ? DnsNames.CheckWildcard(dns) : DnsNames.Check(dns)) is { } wrong)
        {
            return $"a DNS name is not valid: it {wrong}";
        }

        if (wildcard && rule.Wildcards != NameLeave.Yes)
        {
            return rule.Wildcards == NameLeave.Proven ? "this profile allows wildcards that were proven over ACME only" : "this profile allows no wildcards";
        }

        var lower = dns.ToLowerInvariant();
        return rule.DnsPatterns.Any(p => PathPattern.Matches(p, lower, '.')) ? null : $"this profile does not allow the DNS name; it allows {Listed(rule.DnsPatterns)}";
    }

    private static string? CheckMail(string mail, NameRule rule)
    {
        if (!MailAddress.TryCreate(mail, out var parsed) || parsed.Address != mail || DnsNames.Check(parsed.Host) is not null)
        {
            return "a mail address is not valid (RFC 5321 §4.1.2)";
        }

        return rule.MailPatterns.Any(p => PathPattern.Matches(p, mail.ToLowerInvariant(), '@')) ? null : $"this profile does not allow the mail address; it allows {Listed(rule.MailPatterns)}";
    }

    private static string Listed(IReadOnlyCollection<string> patterns) => patterns.Count == 0 ? "none" : string.Join(", ", patterns);
}
