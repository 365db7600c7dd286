using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgentPki.Authority.Spiffe;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>
/// A trust domain's bundle as a document (SPIFFE Trust Domain and Bundle §4): a JWK set with the roots of X.509-SVIDs (<c>x509-svid</c>, each with its certificate) and the keys of
/// JWT-SVIDs (<c>jwt-svid</c>).
/// </summary>
/// <param name="Sequence">Rises with what it says (§4.1.1); null: it does not say.</param>
/// <param name="RefreshHint">How often to look (§4.1.2); null: it does not say.</param>
public sealed record BundleDocument(IReadOnlyList<Certificate> Roots, IReadOnlyList<NamedKey> Keys, long? Sequence, TimeSpan? RefreshHint)
{
    /// <summary>Octets of a document that are read.</summary>
    public const int Longest = 1024 * 1024;

    private const int MostKeys = 200;

    /// <summary>The document. A root whose key JOSE has no form for (SLH-DSA, composites) is left out: nobody could read it.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            if (Sequence is { } sequence)
            {
                json.WriteNumber("spiffe_sequence", sequence);
            }

            if (RefreshHint is { } hint)
            {
                json.WriteNumber("spiffe_refresh_hint", (long)hint.TotalSeconds);
            }

            json.WriteStartArray("keys");
            foreach (var root in Roots.Where(r => Jwk.HasForm(r.PublicKey.Algorithm)))
            {
                json.WriteStartObject();
                json.WriteString("use", "x509-svid");
                BundleKeys.WriteMembers(json, Jwk.Of(root.PublicKey).ToCanonicalJson());
                json.WriteStartArray("x5c");
                json.WriteBase64StringValue(root.Der.Span); // RFC 7517 §4.7: base64, not base64url
                json.WriteEndArray();
                json.WriteEndObject();
            }

            foreach (var key in Keys)
            {
                BundleKeys.Write(json, key);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a document; entries for other uses are ignored, as the standard demands (§4.2.2).</summary>
    public static bool TryParse(ReadOnlyMemory<byte> octets, [NotNullWhen(true)] out BundleDocument? document, [NotNullWhen(false)] out string? problem)
    {
        document = null;
        if (octets.Length > Longest)
        {
            problem = "is longer than 1 MiB";
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(octets, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array || keys.GetArrayLength() > MostKeys)
            {
                problem = $"is no JWK set of at most {MostKeys} keys (RFC 7517 §5)";
                return false;
            }

            var (roots, named) = (new List<Certificate>(), new List<NamedKey>());
            foreach (var key in keys.EnumerateArray())
            {
                problem = Read(key, roots, named);
                if (problem is not null)
                {
                    return false;
                }
            }

            (document, problem) = (new BundleDocument(roots, named, NumberOf(root, "spiffe_sequence"), NumberOf(root, "spiffe_refresh_hint") is { } seconds and > 0 and < int.MaxValue ? TimeSpan.FromSeconds(seconds) : null), null);
            return true;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            problem = "is no JSON, or says one thing twice";
            return false;
        }
    }

    private static string? Read(JsonElement key, List<Certificate> roots, List<NamedKey> named)
    {
        if (key.ValueKind != JsonValueKind.Object || !key.TryGetProperty("use", out var use) || use.ValueKind != JsonValueKind.String)
        {
            return null; // §4.2.2: without a use it is ignored
        }

        switch (use.GetString())
        {
            case "x509-svid":
                if (!key.TryGetProperty("x5c", out var chain) || chain.ValueKind != JsonValueKind.Array || chain.GetArrayLength() != 1
                    || !chain[0].TryGetBytesFromBase64(out var der) || !Certificate.TryParse(der, out var root, out _))
                {
                    return "has an x509-svid key without exactly one certificate in x5c (X509-SVID §6.1)";
                }

                roots.Add(root);
                return null;
            case "jwt-svid":
                if (!key.TryGetProperty("kid", out var id) || id.ValueKind != JsonValueKind.String || id.GetString() is not { Length: > 0 and <= 1024 } keyId)
                {
                    return "has a jwt-svid key without a kid (JWT-SVID §4)";
                }

                if (named.Any(k => k.KeyId == keyId))
                {
                    return "has two keys of one kid";
                }

                var members = BundleKeys.MembersOf(key);
                // Of a kind that is not verified here, workloads may still know it.
                named.Add(new NamedKey(keyId, Jwk.TryParse(members, out var jwk, out _) ? jwk.Key : null, members));
                return null;
            default:
                return null;
        }
    }

    private static long? NumberOf(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;
}
