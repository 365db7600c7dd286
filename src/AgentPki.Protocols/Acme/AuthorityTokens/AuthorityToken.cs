using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme.AuthorityTokens;

/// <summary>An authority token of type "atc" (RFC 9447 §4): a JWT whose claim <c>atc</c> ties an identifier to an account. It was read, not verified.</summary>
/// <param name="Expires">Seconds since 1970, as <paramref name="NotBefore"/>.</param>
/// <param name="Fingerprint">SHA-256 of the account's key (RFC 7638), 32 octets.</param>
/// <param name="ForAuthority">The claim <c>ca</c>: the token is for a CA's certificate.</param>
internal sealed record AuthorityToken(CompactJws Jws, string? Issuer, string Id, long Expires, long? NotBefore, string Type, string Value, byte[] Fingerprint, bool ForAuthority)
{
    private const int LongestId = 256;
    private const string Sha256 = "SHA256 ";

    public static bool TryParse(string text, [NotNullWhen(true)] out AuthorityToken? token, [NotNullWhen(false)] out string? wrong)
    {
        token = null;
        if (!CompactJws.TryParse(text, out var jws, out var error))
        {
            wrong = error.Text;
            return false;
        }

        try
        {
            // RFC 9447 §4: jti, exp and atc must be there, and tktype, tkvalue and fingerprint in the last.
            var claims = AcmePayload.Parse(jws.Payload);
            var atc = claims.Object("atc") is { } inner ? AcmePayload.Parse(inner) : (AcmePayload?)null;
            var (id, fingerprint) = (claims.Text("jti"), Octets(atc?.Text("fingerprint")));
            wrong = atc is null ? "The token has no claim atc (RFC 9447 §4)."
                : string.IsNullOrEmpty(id) || id.Length > LongestId ? $"The token has no jti of at most {LongestId} characters, which RFC 9447 §4 demands."
                : claims.Number("exp") is null ? "The token has no exp in whole seconds, which RFC 9447 §4 demands."
                : string.IsNullOrEmpty(atc?.Text("tktype")) || string.IsNullOrEmpty(atc?.Text("tkvalue")) ? "The token's atc lacks tktype or tkvalue (RFC 9447 §4)."
                : fingerprint is null ? "The fingerprint of the token's atc is not 'SHA256' and 32 octets in hexadecimal with colons between them (RFC 9447 §4)."
                : null;
            if (wrong is not null)
            {
                return false;
            }

            token = new AuthorityToken(
                jws, claims.Text("iss"), id ?? "", claims.Number("exp") ?? 0, claims.Number("nbf"), atc?.Text("tktype") ?? "", atc?.Text("tkvalue") ?? "", fingerprint ?? [], atc?.Flag("ca") ?? false);
            return true;
        }
        catch (AcmePayloadException unreadable)
        {
            wrong = $"The token's claims cannot be read: {unreadable.Problem.Detail}";
            return false;
        }
    }

    private static byte[]? Octets(string? fingerprint)
    {
        if (fingerprint is null || !fingerprint.StartsWith(Sha256, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var hex = fingerprint[Sha256.Length..].Replace(":", "", StringComparison.Ordinal);
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : null;
    }
}
