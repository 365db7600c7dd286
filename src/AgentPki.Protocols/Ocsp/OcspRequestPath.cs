using System.Buffers.Text;

namespace AgentPki.Protocols.Ocsp;

/// <summary>
/// Finds the request in the path of a GET (RFC 6960 §A.1: url-encoding of the base64 of the DER), from the target as it came over the wire: a
/// decoded path no longer tells a slash of the base64 from one that a proxy or a client put there.
/// </summary>
public static class OcspRequestPath
{
    /// <param name="rawTarget">The request target, origin-form or absolute-form.</param>
    /// <param name="prefix">Where OCSP is mapped, with a slash at both ends.</param>
    /// <returns>The DER, or null when there is none in it.</returns>
    public static byte[]? TryRead(string rawTarget, string prefix)
    {
        var start = rawTarget.IndexOf(prefix, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var text = rawTarget.AsSpan(start + prefix.Length);
        var query = text.IndexOf('?');
        text = query < 0 ? text : text[..query];

        // "http://host/ocsp/" + "/" + request: DER begins with 0x30, so base64 of it never begins with a slash.
        return Decode(text.TrimStart('/')) ?? (text.Contains('%') ? Decode(Unescape(text).AsSpan().TrimStart('/')) : null);
    }

    private static byte[]? Decode(ReadOnlySpan<char> base64)
    {
        if (base64.IsEmpty)
        {
            return null;
        }

        var octets = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length + 3)];
        return Convert.TryFromBase64Chars(base64, octets, out var length) && length > 0 ? octets[..length] : null;
    }

    /// <summary>Undoes one layer of percent-encoding, or two, as seen of clients behind encoding proxies; a space was a plus.</summary>
    private static string Unescape(ReadOnlySpan<char> text)
    {
        var once = Uri.UnescapeDataString(text);
        return (once.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(once) : once).Replace(' ', '+');
    }
}
