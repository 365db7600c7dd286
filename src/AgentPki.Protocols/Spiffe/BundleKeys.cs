using System.Buffers;
using System.Text.Json;
using AgentPki.Authority.Spiffe;

namespace AgentPki.Protocols.Spiffe;

/// <summary>Keys of JWT-SVIDs as JWKs (SPIFFE Trust Domain and Bundle §4.2.2).</summary>
internal static class BundleKeys
{
    // RFC 7517 §4, RFC 7518 §6: what would make it a private or a symmetric key goes no further.
    private static readonly string[] NotPublic = ["use", "kid", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

    /// <summary>Writes the key with its id and its use.</summary>
    public static void Write(Utf8JsonWriter json, NamedKey key)
    {
        json.WriteStartObject();
        json.WriteString("use", "jwt-svid");
        json.WriteString("kid", key.KeyId);
        WriteMembers(json, key.Jwk);
        json.WriteEndObject();
    }

    /// <summary>A JWK set (RFC 7517 §5).</summary>
    public static byte[] Encode(IEnumerable<NamedKey> keys)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var key in keys)
            {
                Write(json, key);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes the members of an object into the one that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter json, ReadOnlyMemory<byte> members)
    {
        using var document = JsonDocument.Parse(members);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            member.WriteTo(json);
        }
    }

    /// <summary>The public members of a JWK, without its use and its id.</summary>
    public static byte[] MembersOf(JsonElement jwk)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            foreach (var member in jwk.EnumerateObject().Where(m => !NotPublic.Contains(m.Name)))
            {
                member.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
