using System.Text;
using System.Text.Json;

namespace AgentPki.Cryptography.Jose;

/// <summary>The protected header of a JWS (RFC 7515 §4) as it was read.</summary>
internal ref struct JwsHeader
{
    /// <summary>Octets of a header: an ML-DSA-87 key has 3,456 characters, and URLs are short.</summary>
    public const int MaximumLength = 16 * 1024;

    private const string What = "The protected header";
    private const int LongestText = 2048;
    private const int LongestNonce = 256;
    private const int LongestAlgorithm = 32;

    private ReadOnlySpan<byte> _jwk;
    private Seen _seen;

    [Flags]
    private enum Seen
    {
        None = 0,
        Alg = 1,
        Nonce = 2,
        Url = 4,
        Kid = 8,
        Jwk = 16,
    }

    public JwsAlgorithm? Algorithm { get; private set; }

    public string? Nonce { get; private set; }

    public string? Url { get; private set; }

    public string? KeyId { get; private set; }

    public Jwk? Key { get; private set; }

    /// <summary>Reads a header; the error, or null.</summary>
    public static JoseError? Read(ReadOnlySpan<byte> json, JwsUse use, ref JwsHeader header) =>
        JoseJson.Read(json, What, ref header, ReadMember) ?? header.Check(use);

    private static JoseError? ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref JwsHeader header, out bool known)
    {
        known = true;
        if (reader.ValueTextEquals("alg"u8))
        {
            return header.ReadAlgorithm(ref reader);
        }

        if (reader.ValueTextEquals("nonce"u8))
        {
            var wrong = header.ReadText(ref reader, Seen.Nonce, LongestNonce, "nonce", out var nonce);
            header.Nonce = nonce;
            return wrong ?? (JoseBase64.IsAlphabetOnly(nonce) ? null : JoseJson.Malformed("The nonce is not base64url; send one as it was received (RFC 8555 §6.5.2)."));
        }

        if (reader.ValueTextEquals("url"u8))
        {
            var wrong = header.ReadText(ref reader, Seen.Url, LongestText, "url", out var url);
            header.Url = url;
            return wrong;
        }

        if (reader.ValueTextEquals("kid"u8))
        {
            var wrong = header.ReadText(ref reader, Seen.Kid, LongestText, "kid", out var keyId);
            header.KeyId = keyId;
            return wrong;
        }

        if (reader.ValueTextEquals("jwk"u8))
        {
            return header.ReadJwk(ref reader, json);
        }

        known = false;
        return Refused(ref reader);
    }

    // RFC 7515 §4: what is not understood is ignored, except what would change the meaning of the rest, or name a key by another way.
    private static JoseError? Refused(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("crit"u8) ? JoseJson.Malformed("The protected header has crit; no extension is understood here, so leave it out (RFC 7515 §4.1.11).")
        : reader.ValueTextEquals("b64"u8) ? JoseJson.Malformed("The protected header has b64; unencoded payloads are not taken (RFC 7797, RFC 8555 §6.2).")
        : reader.ValueTextEquals("jku"u8) || reader.ValueTextEquals("x5u"u8) || reader.ValueTextEquals("x5c"u8) || reader.ValueTextEquals("x5t"u8) || reader.ValueTextEquals("x5t#S256"u8)
            ? JoseJson.Malformed("The protected header names a key by jku or x5*; use kid or jwk alone.")
        : null;

    private JoseError? ReadAlgorithm(ref Utf8JsonReader reader)
    {
        if (!TryMark(Seen.Alg))
        {
            return JoseJson.Twice(What);
        }

        if (!JoseJson.TryReadString(ref reader, out var name))
        {
            return JoseJson.Malformed("The protected header's alg is no text.");
        }

        Algorithm = JwsAlgorithm.Find(name);
        return Algorithm is not null ? null
            : name.Length == 4 && Ascii.EqualsIgnoreCase(name, "none"u8) ? new(JoseErrorKind.Algorithm, "The alg is 'none': what is not signed is not taken.")
            : new(JoseErrorKind.Algorithm, $"The alg {Shown(name)}is not taken; use one of {string.Join(", ", JwsAlgorithm.SignatureNames)}.");
    }

    private JoseError? ReadText(ref Utf8JsonReader reader, Seen which, int longest, string name, out string? text)
    {
        text = null;
        if (!TryMark(which))
        {
            return JoseJson.Twice(What);
        }

        if (!JoseJson.TryReadString(ref reader, out var octets) || octets.IsEmpty || octets.Length > longest)
        {
            return JoseJson.Malformed($"The protected header's {name} is not a text of 1 to {longest} octets.");
        }

        text = Encoding.UTF8.GetString(octets);
        return null;
    }

    private JoseError? ReadJwk(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (!TryMark(Seen.Jwk))
        {
            return JoseJson.Twice(What);
        }

        return JoseJson.ReadObject(ref reader, json, out _jwk, "The protected header's jwk");
    }

    private JoseError? Check(JwsUse use)
    {
        if (Algorithm is not { } algorithm)
        {
            return JoseJson.Malformed("The protected header has no alg (RFC 7515 §4.1.1).");
        }

        if (algorithm.IsMac != (use == JwsUse.Mac))
        {
            return new(JoseErrorKind.Algorithm, algorithm.IsMac
                ? $"The alg {algorithm} is a MAC, and a signature is wanted; use one of {string.Join(", ", JwsAlgorithm.SignatureNames)}."
                : $"The alg {algorithm} is a signature, and a MAC is wanted; use {JwsAlgorithm.Hs256}.");
        }

        if ((_seen & (Seen.Jwk | Seen.Kid)) == (Seen.Jwk | Seen.Kid))
        {
            return JoseJson.Malformed("The protected header has both jwk and kid; send one of them (RFC 8555 §6.2).");
        }

        if ((_seen & Seen.Jwk) == 0)
        {
            return null;
        }

        if (use == JwsUse.Mac)
        {
            return JoseJson.Malformed("The protected header has a jwk, and a MAC is made with a shared secret; name it by kid.");
        }

        if (!Jwk.TryParse(_jwk, out var jwk, out var error))
        {
            return error;
        }

        Key = jwk;
        return jwk.Algorithm is null || jwk.Algorithm.Signature == algorithm.Signature
            ? null
            : new(JoseErrorKind.Algorithm, $"The header's alg {algorithm} is not the {jwk.Algorithm} that the JWK says it is for (RFC 7517 §4.4).");
    }

    private bool TryMark(Seen which)
    {
        var first = (_seen & which) == 0;
        _seen |= which;
        return first;
    }

    // What came from outside is shown only where it looks like a name.
    private static string Shown(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name.Length > LongestAlgorithm || !JoseBase64.IsAlphabetOnly(name))
        {
            return "";
        }

        return $"'{Encoding.ASCII.GetString(name)}' ";
    }
}
