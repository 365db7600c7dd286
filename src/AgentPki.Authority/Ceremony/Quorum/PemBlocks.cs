using System.Security.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>The PEM blocks of a text (RFC 7468), in their order.</summary>
internal static class PemBlocks
{
    public static IEnumerable<byte[]> Read(string text, string label)
    {
        var rest = text.AsMemory();
        while (PemEncoding.TryFind(rest.Span, out var fields))
        {
            if (rest.Span[fields.Label].SequenceEqual(label))
            {
                yield return Convert.FromBase64String(rest[fields.Base64Data].ToString());
            }

            rest = rest[fields.Location.End..];
        }
    }
}
