using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>A crypto officer as others know him: two public keys, of which the first vouches for the second and for the name.</summary>
/// <remarks>An officer's file (<c>alice.officer</c>) is this as JSON with a signature by <see cref="SigningKey"/>: whoever swaps a receiving key to be given somebody's shares has to swap the signing key too, whose fingerprint the officer reads aloud.</remarks>
public sealed record Officer
{
    private const string SheetKind = "agentpki-officer/1";

    private Officer(string name, string fullName, PublicKey signingKey, PublicKey receivingKey, ReadOnlyMemory<byte> signature) =>
        (Name, FullName, SigningKey, ReceivingKey, Signature) = (name, fullName, signingKey, receivingKey, signature);

    /// <summary>1 to 32 lower-case letters, digits and '-'; unique in a roster.</summary>
    public string Name { get; }

    /// <summary>As in the minutes: 1 to 100 characters.</summary>
    public string FullName { get; }

    /// <summary>Verifies statements.</summary>
    public PublicKey SigningKey { get; }

    /// <summary>Shares are sealed to it: ECDH on P-256 or P-384, RSA, or ML-KEM.</summary>
    public PublicKey ReceivingKey { get; }

    /// <summary>By <see cref="SigningKey"/> over name and keys.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>SHA-256 of the signing key's SubjectPublicKeyInfo, hexadecimal: what the officer compares.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SigningKey.Fingerprint());

    /// <summary>Describes the holder of a signing key.</summary>
    /// <exception cref="ArgumentException">The name, or a key of a kind that cannot serve; the message says what would be right.</exception>
    public static async ValueTask<Officer> CreateAsync(string name, string fullName, ISigningKey signingKey, PublicKey receivingKey, CancellationToken cancellationToken)
    {
        if (WhyNot(name, fullName, signingKey.PublicKey, receivingKey) is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(name));
        }

        var signature = await signingKey.SignAsync(signingKey.Algorithm.DefaultSignature, ToBeSigned(name, fullName, signingKey.PublicKey, receivingKey), cancellationToken);
        return new Officer(name, fullName, signingKey.PublicKey, receivingKey, signature);
    }

    /// <summary>Reads an officer's file; false with the reason when it is none, or its signature is not right.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, CryptoProviders providers, [NotNullWhen(true)] out Officer? officer, [NotNullWhen(false)] out string? problem)
    {
        (officer, problem) = (null, null);
        try
        {
            var file = JsonSerializer.Deserialize(json, OfficerJson.Default.OfficerFile);
            if (file is null || !PublicKey.TryParse(Convert.FromBase64String(file.SigningKey), out var signing, out _) || !PublicKey.TryParse(Convert.FromBase64String(file.ReceivingKey), out var receiving, out _))
            {
                problem = "it has no public keys of kinds known here";
                return false;
            }

            problem = WhyNot(file.Name, file.FullName, signing, receiving);
            if (problem is null && !providers.Verify(signing, signing.Algorithm.DefaultSignature, ToBeSigned(file.Name, file.FullName, signing, receiving), Convert.FromBase64String(file.Signature)))
            {
                problem = "its signature is not that of its signing key: name or keys were changed";
            }

            officer = problem is null ? new Officer(file.Name, file.FullName, signing, receiving, Convert.FromBase64String(file.Signature)) : null;
            return officer is not null;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            problem = "it is not an officer's file (JSON as 'agentpki officer new' writes it)";
            return false;
        }
    }

    /// <summary>The officer's file.</summary>
    public byte[] Encode() => [.. JsonSerializer.SerializeToUtf8Bytes(ToFile(), OfficerJson.Default.OfficerFile), (byte)'\n'];

    internal OfficerFile ToFile() => new(
        Name, FullName, Convert.ToBase64String(SigningKey.SubjectPublicKeyInfo.Span), Convert.ToBase64String(ReceivingKey.SubjectPublicKeyInfo.Span), Convert.ToBase64String(Signature.Span));

    private static string? WhyNot(string name, string fullName, PublicKey signingKey, PublicKey receivingKey)
    {
        if (name is not { Length: >= 1 and <= 32 } || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            return $"an officer's name is 1 to 32 lower-case letters, digits and '-'; '{name}' is not";
        }

        if (fullName is not { Length: >= 1 and <= 100 } || fullName.Any(char.IsControl))
        {
            return "an officer's full name has 1 to 100 characters";
        }

        var canReceive = receivingKey.Algorithm.CanEncapsulate || receivingKey.Algorithm.Family == AlgorithmFamily.Rsa || receivingKey.Algorithm == KeyAlgorithm.EcdsaP256 || receivingKey.Algorithm == KeyAlgorithm.EcdsaP384;
        return !signingKey.Algorithm.CanSign ? $"a {signingKey.Algorithm} key signs nothing"
            : !canReceive ? $"nothing can be sealed to a {receivingKey.Algorithm} key; P-256, P-384, RSA and ML-KEM keys receive"
            : signingKey.Equals(receivingKey) ? "one key cannot both sign and receive"
            : null;
    }

    private static byte[] ToBeSigned(string name, string fullName, PublicKey signingKey, PublicKey receivingKey) => Evidence.FactSheet.Of(
        SheetKind,
        ("name", name),
        ("full-name", fullName),
        ("signing-key", Convert.ToHexStringLower(signingKey.Fingerprint())),
        ("receiving-key", Convert.ToHexStringLower(receivingKey.Fingerprint()))).Encode();
}

/// <summary>The JSON of an officer's file; keys are base64 of a DER SubjectPublicKeyInfo.</summary>
internal sealed record OfficerFile(
    [property: JsonRequired] string Name, [property: JsonRequired] string FullName, [property: JsonRequired] string SigningKey, [property: JsonRequired] string ReceivingKey, [property: JsonRequired] string Signature);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(OfficerFile))]
internal sealed partial class OfficerJson : JsonSerializerContext;
