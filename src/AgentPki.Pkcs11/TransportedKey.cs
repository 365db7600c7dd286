using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11;

/// <summary>
/// A private key on its way from one token to another: wrapped under an AES-256 key that exists for this alone, and that wrapped with RSA-OAEP for the
/// other token. No other token opens it, and it never is in the clear outside of one.
/// </summary>
/// <param name="Source">Label and serial number of the token that it comes from.</param>
/// <param name="Label">Its label, the same in both tokens.</param>
/// <param name="Purpose">What it may do, the same in both tokens.</param>
/// <param name="PublicKey">Of the key.</param>
/// <param name="TransportKey">Of the other token; it opens what is here.</param>
/// <param name="WrappedKey">The key (PKCS #8) under the AES key (RFC 5649).</param>
/// <param name="WrappedPassingKey">The AES key under <paramref name="TransportKey"/> (RSA-OAEP, RFC 8017 §7.1).</param>
public sealed record TransportedKey(
    string Source, string Label, KeyPurpose Purpose, PublicKey PublicKey, PublicKey TransportKey, ReadOnlyMemory<byte> WrappedKey, ReadOnlyMemory<byte> WrappedPassingKey)
{
    private const int Version = 1, LongestFile = 1 << 20;

    /// <summary>As JSON.</summary>
    public byte[] Encode() => [.. JsonSerializer.SerializeToUtf8Bytes(
        new TransportedKeyFile(
            Version,
            Source,
            Label,
            KeyNaming.PurposeName(Purpose),
            Convert.ToBase64String(PublicKey.SubjectPublicKeyInfo.Span),
            Convert.ToBase64String(TransportKey.SubjectPublicKeyInfo.Span),
            Convert.ToBase64String(WrappedKey.Span),
            Convert.ToBase64String(WrappedPassingKey.Span)),
        TransportedKeyJson.Default.TransportedKeyFile), (byte)'\n'];

    /// <summary>Reads the JSON; false with the reason when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out TransportedKey? key, [NotNullWhen(false)] out string? problem)
    {
        (key, problem) = (null, null);
        try
        {
            if (json.Length > LongestFile || JsonSerializer.Deserialize(json, TransportedKeyJson.Default.TransportedKeyFile) is not { Version: Version } file)
            {
                problem = "it is not a wrapped key of version 1";
                return false;
            }

            KeyNaming.Validate(file.Label);
            if (!KeyNaming.TryParsePurpose(file.Purpose, out var purpose) ||
                !PublicKey.TryParse(Convert.FromBase64String(file.PublicKey), out var publicKey, out _) || !PublicKey.TryParse(Convert.FromBase64String(file.TransportKey), out var transportKey, out _))
            {
                problem = "its purpose or its public keys are not of those known here";
                return false;
            }

            key = new TransportedKey(
                file.Source, file.Label, purpose, publicKey, transportKey, Convert.FromBase64String(file.WrappedKey), Convert.FromBase64String(file.WrappedPassingKey));
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            problem = $"it is not the JSON of a wrapped key ({e.Message})";
            return false;
        }
    }
}

internal sealed record TransportedKeyFile(
    [property: JsonRequired] int Version,
    [property: JsonRequired] string Source,
    [property: JsonRequired] string Label,
    [property: JsonRequired] string Purpose,
    [property: JsonRequired] string PublicKey,
    [property: JsonRequired] string TransportKey,
    [property: JsonRequired] string WrappedKey,
    [property: JsonRequired] string WrappedPassingKey);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(TransportedKeyFile))]
internal sealed partial class TransportedKeyJson : JsonSerializerContext;
