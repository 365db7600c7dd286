using System.Text;

namespace AgentPki.Testing.Fuzz;

/// <summary>What a format is made of: mutations that look like it get further into its parser.</summary>
/// <param name="Octets">That replace one.</param>
/// <param name="Pieces">That are put in.</param>
public sealed record FuzzWords(byte[] Octets, byte[][] Pieces)
{
    /// <summary>Lengths and tags of DER; lengths of other binary formats too.</summary>
    public static FuzzWords Binary { get; } = new([0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x31, 0xA0, 0x24, 0x1F], [[0], [0xFF], [0xFF, 0xFF]]);

    /// <summary>Types, lengths and ends of CBOR (RFC 8949 §3).</summary>
    public static FuzzWords Cbor { get; } = new(
        [0x00, 0x18, 0x1B, 0x20, 0x3B, 0x40, 0x58, 0x5B, 0x5F, 0x60, 0x7B, 0x7F, 0x80, 0x9B, 0x9F, 0xA0, 0xA1, 0xBB, 0xBF, 0xC0, 0xF6, 0xF8, 0xFB, 0xFF], [[0x9F], [0xBF], [0xFF], [0x5F, 0x41, 0x00, 0xFF], [0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x3B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x62, 0xC3, 0x28]]);

    /// <summary>JSON, base64url, and texts with separators.</summary>
    public static FuzzWords Text { get; } = new(
        "{}[]\":,\\/ul09-_=+ ;.\n\0"u8.ToArray(), [.. new[] { "\\u0064", "\\ud800", "\"\":", "null", "\"alg\":\"none\",", "{}", "[", "é", "\"kid\":\"a\",", "1e999", "==", "; ", "." }.Select(Encoding.UTF8.GetBytes)]);
}
