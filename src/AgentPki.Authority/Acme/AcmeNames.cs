using System.Net;
using AgentPki.Agents;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Acme;

/// <summary>Which names an account may order, and whether a request carries exactly those of its order (RFC 8555 §7.4).</summary>
internal sealed class AcmeNames(AgentNaming naming)
{
    /// <summary>Where agents live that are named by their account: an order for DNS names and addresses says nothing better.</summary>
    private const string AccountPath = "/agent/acme/";

    /// <summary>Why this name cannot be ordered; null when it can.</summary>
    public string? WhyNot(AcmeIdentifier identifier, CertificateProfile profile, AcmeExternalKey? key)
    {
        switch (identifier.Type)
        {
            case AcmeIdentifierTypes.Dns or AcmeIdentifierTypes.Ip:
                if (identifier.ToGeneralName() is not { } name)
                {
                    return "it is no name that a certificate carries";
                }

                if (NameRules.Check([name], 1, profile.Names.ForProven()) is { } wrong)
                {
                    return wrong;
                }

                break;
            case AcmeIdentifierTypes.Spiffe:
                if (!SpiffeId.TryParse(identifier.Value, out var id) || id.TrustDomain != naming.TrustDomain)
                {
                    return $"SPIFFE IDs are given here in the trust domain {naming.TrustDomain} only";
                }

                if (id.Path.StartsWith(AccountPath, StringComparison.Ordinal))
                {
                    return $"paths under {AccountPath} belong to ACME accounts";
                }

                if (profile.AgentPath is not { } rule || !rule.Patterns.Any(p => PathPattern.Matches(p, id.Path)))
                {
                    return $"profile '{profile.Name}' does not allow the path {id.Path}";
                }

                break;
        }

        // Whatever proves it, and whether or not the key is still good: a key's names limit its accounts for as long as they are.
        return key is { Names.Count: > 0 } && !Names(key, identifier) ? $"the account's external key allows {string.Join(", ", key.Names)}" : null;
    }

    /// <summary>Whether the account's external key is the authorization for a SPIFFE ID: an operator said so when it was made, and has not taken it back.</summary>
    public static bool IsGranted(AcmeIdentifier identifier, AcmeExternalKey? key, DateTimeOffset now) =>
        key is { Revoked: null } && key.NotAfter > now && identifier.Type == AcmeIdentifierTypes.Spiffe && Names(key, identifier);

    // Patterns that start with a slash are for the paths of SPIFFE IDs, others for everything else.
    private static bool Names(AcmeExternalKey key, AcmeIdentifier identifier) => identifier.Type == AcmeIdentifierTypes.Spiffe
        ? SpiffeId.TryParse(identifier.Value, out var id) && key.Names.Any(g => g.StartsWith('/') && PathPattern.Matches(g, id.Path))
        : key.Names.Any(g => !g.StartsWith('/') && PathPattern.Matches(g, identifier.Value, '.'));

    /// <summary>The agent an order's certificate is for: the SPIFFE ID that was ordered, or the one of the account.</summary>
    public string AgentOf(AcmeOrder order) =>
        order.Identifiers.FirstOrDefault(i => i.Type == AcmeIdentifierTypes.Spiffe)?.Value ?? $"spiffe://{naming.TrustDomain}{AccountPath}{order.AccountId}";

    /// <summary>The names that the certificate will carry, the SPIFFE ID first.</summary>
    public IReadOnlyList<GeneralName> NamesOf(AcmeOrder order) =>
        [new GeneralName.Uri(AgentOf(order)), .. order.Identifiers.Where(i => i.Type is AcmeIdentifierTypes.Dns or AcmeIdentifierTypes.Ip).Select(i => i.ToGeneralName()).OfType<GeneralName>()];

    /// <summary>The names of a certificate as authorizations name them; what its SPIFFE ID says of its account is left out.</summary>
    public IReadOnlyList<(AcmeIdentifier Identifier, bool Wildcard)> IdentifiersOf(Certificate certificate)
    {
        var found = new List<(AcmeIdentifier, bool)>();
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            var (type, value) = name switch
            {
                GeneralName.Dns(var dns) => (AcmeIdentifierTypes.Dns, dns),
                GeneralName.Ip(var address) => (AcmeIdentifierTypes.Ip, address.ToString()),
                GeneralName.Uri(var uri) => (AcmeIdentifierTypes.Spiffe, uri),
                _ => ("", ""),
            };
            if (type == AcmeIdentifierTypes.Spiffe && value.StartsWith($"spiffe://{naming.TrustDomain}{AccountPath}", StringComparison.Ordinal))
            {
                continue;
            }

            if (!AcmeIdentifier.TryParse(type, value, out var identifier, out _, out _))
            {
                return []; // a name that nobody can prove here
            }

            found.Add((identifier.ForAuthorization, identifier.IsWildcard));
        }

        return found;
    }

    /// <summary>Why a request is not the order's; null when it is: the very same names, in the alternative names and the common name together.</summary>
    public string? CheckRequest(Pkcs10Request csr, AcmeOrder order)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in csr.SubjectAlternativeNames)
        {
            if (KeyOf(name) is not { } key)
            {
                return $"the request carries a name of a kind that was not ordered ({name})";
            }

            asked.Add(key);
        }

        var ordered = order.Identifiers.Where(i => i.Type != AcmeIdentifierTypes.PermanentIdentifier).Select(i => i.ToString()).ToHashSet(StringComparer.Ordinal);
        if (csr.Subject.CommonName is { Length: > 0 } commonName)
        {
            // RFC 8555 §7.4: the common name, if there is one, is one of the identifiers.
            var key = IPAddress.TryParse(commonName, out var address) ? $"ip:{address}" : SpiffeId.HasScheme(commonName) ? $"spiffe:{commonName}" : $"dns:{commonName.ToLowerInvariant()}";
            if (ordered.Count > 0 && !ordered.Contains(key))
            {
                return "the request's common name is not one of the ordered names (RFC 8555 §7.4)";
            }

            if (ordered.Count > 0)
            {
                asked.Add(key);
            }
        }

        if (asked.FirstOrDefault(a => !ordered.Contains(a)) is { } more)
        {
            return $"the request asks for {more}, which was not ordered";
        }

        return ordered.FirstOrDefault(o => !asked.Contains(o)) is { } missing ? $"the request does not ask for {missing}, which was ordered" : null;
    }

    // As an AcmeIdentifier writes itself.
    private static string? KeyOf(GeneralName name) => name switch
    {
        GeneralName.Dns(var dns) => $"dns:{dns.ToLowerInvariant()}",
        GeneralName.Ip(var address) => $"ip:{address}",
        GeneralName.Uri(var uri) when SpiffeId.TryParse(uri, out var id) => $"spiffe:{id}",
        _ => null,
    };
}
