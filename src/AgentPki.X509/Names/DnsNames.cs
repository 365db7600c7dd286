using System.Net;

namespace AgentPki.X509.Names;

/// <summary>Syntax of dNSName values (RFC 5280 §4.2.1.6: the preferred name syntax of RFC 1034 §3.5 as amended by RFC 1123 §2.1).</summary>
public static class DnsNames
{
    /// <summary>What is wrong with a host name; null when nothing is. A wildcard is judged by <see cref="CheckWildcard"/>.</summary>
    public static string? Check(string name)
    {
        if (name.Length is 0 or > 253)
        {
            return "is empty or longer than 253 octets";
        }

        if (IPAddress.TryParse(name, out _))
        {
            return "is an address; addresses are iPAddress names";
        }

        var rest = name.AsSpan();
        while (true)
        {
            var dot = rest.IndexOf('.');
            var label = dot < 0 ? rest : rest[..dot];
            if (CheckLabel(label) is { } error)
            {
                return error;
            }

            if (dot < 0)
            {
                return null;
            }

            rest = rest[(dot + 1)..];
        }
    }

    /// <summary>What is wrong with a name that contains an asterisk (RFC 9525 §6.3: the complete left-most label, and below it a domain of two labels at least).</summary>
    public static string? CheckWildcard(string name)
    {
        if (!name.StartsWith("*.", StringComparison.Ordinal) || name.LastIndexOf('*') > 0)
        {
            return "has an asterisk that is not its whole left-most label";
        }

        var domain = name[2..];
        return domain.Contains('.', StringComparison.Ordinal) ? Check(domain) : "covers a whole top-level domain";
    }

    /// <summary>
    /// Whether a commonName is meant as a host name: labels with dots between them, or an address. A bare number is neither, although the
    /// platform's parser reads "42" and "0x1F" as addresses.
    /// </summary>
    public static bool LooksLikeHost(string text) =>
        (text.Contains('.', StringComparison.Ordinal) && Check(text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text) is null) || (text.AsSpan().ContainsAny('.', ':') && IPAddress.TryParse(text, out _));

    private static string? CheckLabel(ReadOnlySpan<char> label)
    {
        if (label.Length is 0 or > 63)
        {
            return "has a label that is empty or longer than 63 octets";
        }

        foreach (var c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return "has a character other than letters, digits, hyphens and dots";
            }
        }

        return label[0] == '-' || label[^1] == '-' ? "has a label that starts or ends with a hyphen" : null;
    }
}
