using System.Buffers;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>URI names are absolute, with a scheme and something after it, without characters that belong in no URI.</summary>
internal sealed class UriSyntaxRule() : CertificateRule("uri_syntax", LintSeverity.Error, "RFC 5280 §4.2.1.6, RFC 3986 §4.3")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var name in certificate.SubjectAlternativeNames)
        {
            if (name is GeneralName.Uri uri && !IsAbsolute(uri.Value))
            {
                return $"'{name}' is not an absolute URI.";
            }
        }

        return null;
    }

    // RFC 3986 §2: printable ASCII without the delimiters that no URI has.
    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%");

    private static bool IsAbsolute(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon < text.Length - 1 && char.IsAsciiLetter(text[0]) && !text.AsSpan().ContainsAnyExcept(Allowed);
    }
}
