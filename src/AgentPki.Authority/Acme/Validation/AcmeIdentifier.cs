using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Acme.Validation;

/// <summary>
/// What an order asks to be certified (RFC 8555 §7.1.3, §9.7.7). It exists only in valid and normal form, so that two identifiers mean the same when
/// <see cref="Type"/> and <see cref="Value"/> are equal.
/// </summary>
public sealed record AcmeIdentifier
{
    private const string WildcardPrefix = "*.";

    // Characters of an opaque value; the longest dns value has 255.
    private const int OpaqueLength = 255;

    private AcmeIdentifier(string type, string value) => (Type, Value) = (type, value);

    /// <summary>One of <see cref="AcmeIdentifierTypes"/>.</summary>
    public string Type { get; }

    /// <summary>
    /// dns: lower-case A-labels without a trailing dot, in orders with <c>*.</c> before it for a wildcard. ip: dotted decimal, or RFC 5952 §4 in lower
    /// case. spiffe: the SPIFFE ID. permanent-identifier: as it came.
    /// </summary>
    public string Value { get; }

    /// <summary>Whether this is a wildcard domain name (RFC 8555 §7.1.3): possible in orders, never in authorizations (§7.1.4).</summary>
    public bool IsWildcard => Type == AcmeIdentifierTypes.Dns && Value.StartsWith(WildcardPrefix, StringComparison.Ordinal);

    /// <summary>What an authorization for this names: the domain name without <c>*.</c> (RFC 8555 §7.1.4), everything else as it is.</summary>
    public AcmeIdentifier ForAuthorization => IsWildcard ? new AcmeIdentifier(Type, Value[WildcardPrefix.Length..]) : this;

    /// <summary>The address of an ip identifier; null for every other type.</summary>
    public IPAddress? Address => Type == AcmeIdentifierTypes.Ip ? IPAddress.Parse(Value) : null;

    public override string ToString() => $"{Type}:{Value}";

    /// <summary>The name as a certificate or a request carries it; null for a permanent-identifier, which is an otherName (RFC 4043).</summary>
    public GeneralName? ToGeneralName() => Type switch
    {
        AcmeIdentifierTypes.Dns => new GeneralName.Dns(Value),
        AcmeIdentifierTypes.Ip => new GeneralName.Ip(IPAddress.Parse(Value)),
        AcmeIdentifierTypes.Spiffe => new GeneralName.Uri(Value),
        _ => null,
    };

    /// <summary>Reads <c>type</c> and <c>value</c> of an identifier object.</summary>
    /// <param name="error"><see cref="AcmeErrorType.UnsupportedIdentifier"/> for another type, <see cref="AcmeErrorType.Malformed"/> for a value that is none of its type.</param>
    /// <param name="detail">One sentence that says what was wrong and what would be right.</param>
    public static bool TryParse(
        string? type,
        string? value,
        [NotNullWhen(true)] out AcmeIdentifier? identifier,
        [NotNullWhen(false)] out AcmeErrorType? error,
        [NotNullWhen(false)] out string? detail)
    {
        (identifier, error, detail) = (null, null, null);
        if (string.IsNullOrEmpty(type) || string.IsNullOrEmpty(value))
        {
            (error, detail) = (AcmeErrorType.Malformed, "An identifier has a type and a value, both texts that are not empty (RFC 8555 §7.1.3).");
            return false;
        }

        string? normal;
        string? wrong;
        switch (type)
        {
            case AcmeIdentifierTypes.Dns:
                normal = value.ToLowerInvariant();
                wrong = CheckDns(normal);
                break;
            case AcmeIdentifierTypes.Ip:
                wrong = CheckIp(value, out normal);
                break;
            case AcmeIdentifierTypes.Spiffe:
                normal = SpiffeId.TryParse(value, out var id, out wrong) ? id.ToString() : null;
                break;
            case AcmeIdentifierTypes.PermanentIdentifier:
                normal = value;
                wrong = CheckOpaque(value) ?? CheckAssigner(value);
                break;
            default:
                (error, detail) = (AcmeErrorType.UnsupportedIdentifier, $"Identifiers of type '{AcmeText.Shown(type)}' are not known here; this server knows {AcmeIdentifierTypes.Listed}.");
                return false;
        }

        if (wrong is not null || normal is null)
        {
            (error, detail) = (AcmeErrorType.Malformed, $"'{AcmeText.Shown(value)}' is not an identifier of type {type}: {wrong}.");
            return false;
        }

        identifier = new AcmeIdentifier(type, normal);
        return true;
    }

    /// <exception cref="FormatException">Not an identifier; the message says why.</exception>
    public static AcmeIdentifier Parse(string type, string value) =>
        TryParse(type, value, out var identifier, out _, out var detail) ? identifier : throw new FormatException(detail);

    // RFC 8555 §7.1.3: a fully qualified name, each U-label as an A-label; one "*" as the whole left-most label makes a wildcard.
    private static string? CheckDns(string name)
    {
        if (name.Any(c => !char.IsAscii(c)))
        {
            return "it has characters outside ASCII; write internationalized labels as A-labels (xn--…, RFC 5890 §2.3.2.1)";
        }

        if (name.EndsWith('.'))
        {
            return "it ends in a dot; leave it out, names are fully qualified here anyway";
        }

        if ((name.Contains('*', StringComparison.Ordinal) ? DnsNames.CheckWildcard(name) : DnsNames.Check(name)) is { } wrong)
        {
            return $"it {wrong}";
        }

        var labels = name.Split('.');
        if (labels[^1].All(char.IsAsciiDigit))
        {
            return "its last label is a number, which no top-level domain is (RFC 3696 §2); addresses have the type ip";
        }

        return labels.Any(l => l.StartsWith("xn--", StringComparison.Ordinal) && !IsALabel(l)) ? "a label starts with xn-- and is no A-label (RFC 5890 §2.3.2.1)" : null;
    }

    // Punycode that decodes, and to nothing that would be encoded otherwise: two texts of one name would be two identifiers.
    private static bool IsALabel(string label)
    {
        var mapping = new IdnMapping { UseStd3AsciiRules = true };
        try
        {
            var unicode = mapping.GetUnicode(label);
            return unicode.Any(c => !char.IsAscii(c)) && mapping.GetAscii(unicode) == label;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // RFC 8738 §3: RFC 1123 §2.1 (dotted decimal) or RFC 5952 §4. Other texts of an IPv6 address are put into that form.
    private static string? CheckIp(string value, out string? normal)
    {
        normal = null;
        if (value.Any(c => !char.IsAsciiHexDigit(c) && c is not (':' or '.')) || !IPAddress.TryParse(value, out var address))
        {
            return "it is neither dotted decimal nor an IPv6 address without zone, brackets, port and prefix length (RFC 8738 §3)";
        }

        if (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != value)
        {
            return "an IPv4 address is four decimal numbers without leading zeros, with dots between them (RFC 8738 §3)";
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return "it is an IPv4 address in an IPv6 form; write it in dotted decimal";
        }

        normal = address.ToString();
        return null;
    }

    private static string? CheckOpaque(string value) =>
        value.Length > OpaqueLength ? $"it is longer than {OpaqueLength} characters"
        : !value.All(AcmeText.IsPlain) ? "it has control or invisible characters"
        : value.Trim() != value ? "it starts or ends with white space"
        : null;

    // draft-ietf-acme-device-attest-10 §3.1: the device's identifier without a slash, then perhaps a slash and the assigner's object identifier.
    private static string? CheckAssigner(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null
            : slash == 0 ? "nothing stands before its slash"
            : !ObjectIdentifier.IsDotted(value[(slash + 1)..]) ? "what follows its slash is no object identifier in dotted form; a device's identifier has no slash"
            : null;
    }
}
