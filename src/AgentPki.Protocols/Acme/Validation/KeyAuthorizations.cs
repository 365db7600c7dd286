using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>What challenges make of a key authorization (RFC 8555 §8.1).</summary>
internal static class KeyAuthorizations
{
    /// <summary>SHA-256 over its octets (RFC 8737 §3); 32 octets.</summary>
    public static byte[] Digest(string keyAuthorization) => SHA256.HashData(Encoding.UTF8.GetBytes(keyAuthorization));

    /// <summary>The digest in base64url without padding: the value of a TXT record (RFC 8555 §8.4).</summary>
    public static string TxtValue(string keyAuthorization) => Base64Url.EncodeToString(Digest(keyAuthorization));
}
