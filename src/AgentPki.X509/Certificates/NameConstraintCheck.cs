using System.Net;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Certificates;

/// <summary>Whether names lie inside the subtrees a CA is constrained to (RFC 5280 §4.2.1.10). What cannot be decided is a violation.</summary>
public static class NameConstraintCheck
{
    /// <summary>The first name that is not permitted, as text; null when all are.</summary>
    public static string? FindViolation(Certificate certificate, NameConstraints constraints) =>
        FindViolation(certificate.Subject, certificate.SubjectAlternativeNames, constraints);

    public static string? FindViolation(X500Name subject, IEnumerable<GeneralName> names, NameConstraints constraints)
    {
        foreach (var name in AllNames(subject, names))
        {
            if (constraints.Excluded.Any(subtree => IsSameKind(subtree, name) && Matches(subtree, name) != false))
            {
                return name.ToString();
            }

            var permitted = constraints.Permitted.Where(subtree => IsSameKind(subtree, name)).ToArray();
            if (permitted.Length > 0 && !permitted.Any(subtree => Matches(subtree, name) == true))
            {
                return name.ToString();
            }
        }

        return null;
    }

    // The subject counts as a directoryName unless it is empty; an emailAddress in it as an rfc822Name when there is no other.
    private static IEnumerable<GeneralName> AllNames(X500Name subject, IEnumerable<GeneralName> names)
    {
        var alternative = names.ToArray();
        if (!subject.IsEmpty)
        {
            yield return new GeneralName.Directory(subject);
        }

        if (!alternative.OfType<GeneralName.Rfc822>().Any())
        {
            foreach (var mail in subject.Rdns.SelectMany(rdn => rdn).Where(a => a.Oid == Oids.EmailAddress))
            {
                yield return new GeneralName.Rfc822(mail.Value);
            }
        }

        foreach (var name in alternative)
        {
            yield return name;
        }
    }

    private static bool IsSameKind(NameSubtree subtree, GeneralName name) => (subtree, name) switch
    {
        (NameSubtree.Dns, GeneralName.Dns) or (NameSubtree.UriHost, GeneralName.Uri) or (NameSubtree.Rfc822, GeneralName.Rfc822)
            or (NameSubtree.Directory, GeneralName.Directory) or (NameSubtree.IpRange, GeneralName.Ip) => true,
        (NameSubtree.Other tagged, GeneralName.Other other) => other.Raw.Length > 0 && other.Raw.Span[0] == tagged.Tag,
        _ => false,
    };

    /// <summary>Null when it cannot be decided.</summary>
    private static bool? Matches(NameSubtree subtree, GeneralName name) => (subtree, name) switch
    {
        (NameSubtree.Dns dns, GeneralName.Dns host) => IsWithin(host.Name, dns.Domain.TrimStart('.')),
        (NameSubtree.UriHost constraint, GeneralName.Uri uri) => MatchesUri(constraint.Host, uri.Value),
        (NameSubtree.Rfc822 constraint, GeneralName.Rfc822 mail) => MatchesMail(constraint.Mailbox, mail.Address),
        (NameSubtree.Directory constraint, GeneralName.Directory directory) => IsPrefix(constraint.Name, directory.Name),
        (NameSubtree.IpRange range, GeneralName.Ip ip) => MatchesIp(range, ip.Address),
        _ => null,
    };

    private static bool IsWithin(string host, string domain) =>
        domain.Length == 0 || host.Equals(domain, StringComparison.OrdinalIgnoreCase)
        || (host.Length > domain.Length && host[^(domain.Length + 1)] == '.' && host.EndsWith(domain, StringComparison.OrdinalIgnoreCase));

    // "the constraint MUST specify a fully qualified domain name": without a host name in the URI (an address, or no authority) nothing can be decided.
    private static bool? MatchesUri(string constraint, string uri)
    {
        var start = uri.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var authority = uri.AsSpan(start + 3);
        var end = authority.IndexOfAny('/', '?', '#');
        authority = end < 0 ? authority : authority[..end];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        var colon = authority.LastIndexOf(':');
        authority = colon < 0 ? authority : authority[..colon];
        if (authority.IsEmpty || authority[0] == '[' || IPAddress.TryParse(authority, out _))
        {
            return null;
        }

        return MatchesHost(constraint, authority.ToString());
    }

    // With a leading dot: everything below, not the host itself; without: exactly this host.
    private static bool MatchesHost(string constraint, string host) => constraint.StartsWith('.')
        ? host.Length > constraint.Length && host.EndsWith(constraint, StringComparison.OrdinalIgnoreCase)
        : host.Equals(constraint, StringComparison.OrdinalIgnoreCase);

    private static bool? MatchesMail(string constraint, string address)
    {
        var at = address.LastIndexOf('@');
        if (at <= 0 || at == address.Length - 1)
        {
            return null;
        }

        var constraintAt = constraint.LastIndexOf('@');
        return constraintAt < 0
            ? MatchesHost(constraint, address[(at + 1)..])
            : address.AsSpan(0, at).SequenceEqual(constraint.AsSpan(0, constraintAt))
                && address.AsSpan(at + 1).Equals(constraint.AsSpan(constraintAt + 1), StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsPrefix(X500Name constraint, X500Name name)
    {
        if (constraint.Rdns.Count > name.Rdns.Count)
        {
            return false;
        }

        for (var i = 0; i < constraint.Rdns.Count; i++)
        {
            var (expected, actual) = (constraint.Rdns[i], name.Rdns[i]);
            if (expected.Count != actual.Count || !expected.All(e => actual.Any(a => a.Oid == e.Oid && SameText(a.Value, e.Value))))
            {
                return false;
            }
        }

        return true;
    }

    // RFC 5280 §7.1 in spirit: case and white space do not distinguish names, whatever string type they are written in.
    private static bool SameText(string a, string b) => string.Equals(Normalize(a), Normalize(b), StringComparison.OrdinalIgnoreCase);

    private static string Normalize(string text) => string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static bool MatchesIp(NameSubtree.IpRange range, IPAddress address)
    {
        var (actual, network, mask) = (address.GetAddressBytes(), range.Address.GetAddressBytes(), range.Mask.GetAddressBytes());
        if (actual.Length != network.Length)
        {
            return false;
        }

        for (var i = 0; i < actual.Length; i++)
        {
            if ((actual[i] & mask[i]) != (network[i] & mask[i]))
            {
                return false;
            }
        }

        return true;
    }
}
