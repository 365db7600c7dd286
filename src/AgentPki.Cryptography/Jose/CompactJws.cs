using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// A JWS in the compact serialization (RFC 7515 §7.1), such as a JWT (RFC 7519). It was read, not verified. Which key may have signed it is the reader's
/// business alone: what the header says of keys (<c>jwk</c>, <c>jku</c>, <c>x5u</c>, <c>x5c</c>) is neither followed nor believed.
/// </summary>
public sealed class CompactJws
{
    /// <summary>Characters of a token that are read.</summary>
    public const int MaximumLength = 32 * 1024;

    private const string What = "The token's header";
    private const int LongestText = 2048;

    private CompactJws(in Header header, byte[] signingInput, byte[] payload, byte[] signature) =>
        (Algorithm, KeyId, Type, CertificateThumbprint, SigningInput, Payload, Signature) = (header.Algorithm ?? JwsAlgorithm.Es256, header.KeyId, header.Type, header.Thumbprint, signingInput, payload, signature);

    public JwsAlgorithm Algorithm { get; }

    /// <summary>A hint at the key (RFC 7515 §4.1.4); null when there is none.</summary>
    public string? KeyId { get; }

    /// <summary><c>typ</c> (RFC 7519 §5.1); null when there is none.</summary>
    public string? Type { get; }

    /// <summary>A hint at the signer's certificate: SHA-256 over its DER (RFC 7515 §4.1.8 <c>x5t#S256</c>), 32 octets; empty when there is none.</summary>
    public ReadOnlyMemory<byte> CertificateThumbprint { get; }

    public ReadOnlyMemory<byte> SigningInput { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Reads a token that a key pair signed; a MAC is refused, so that nobody computes one with a public key.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CompactJws? jws, [NotNullWhen(false)] out JoseError? error)
    {
        jws = null;
        if (text.Length > MaximumLength)
        {
            error = new(JoseErrorKind.TooLarge, $"The token is longer than {MaximumLength / 1024} KiB.");
            return false;
        }

        if (text.Split('.') is not [var protectedText, var payloadText, var signatureText] || !Ascii.IsValid(text)
            || JoseBase64.Decode(Encoding.ASCII.GetBytes(protectedText)) is not { Length: > 0 } json
            || JoseBase64.Decode(Encoding.ASCII.GetBytes(payloadText)) is not { } payload
            || JoseBase64.Decode(Encoding.ASCII.GetBytes(signatureText)) is not { Length: > 0 } signature)
        {
            error = JoseJson.Malformed("The token is not three parts in base64url without padding, with dots between them (RFC 7515 §7.1).");
            return false;
        }

        var header = default(Header);
        error = JoseJson.Read(json, What, ref header, ReadMember) ?? header.Check();
        if (error is not null)
        {
            return false;
        }

        jws = new CompactJws(header, Encoding.ASCII.GetBytes($"{protectedText}.{payloadText}"), payload, signature);
        return true;
    }

    /// <summary>Signs a payload (RFC 7515 §5.1) with the one algorithm that goes with the key.</summary>
    /// <param name="type"><c>typ</c>: what the payload is, so that it is taken for nothing else (RFC 8725 §3.11).</param>
    /// <param name="certificateThumbprint">SHA-256 over the DER of the signer's certificate.</param>
    /// <exception cref="ArgumentException">Keys of that kind sign no JWS (<see cref="JwsAlgorithm.For"/>).</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now.</exception>
    public static ValueTask<string> SignAsync(ISigningKey key, string type, ReadOnlyMemory<byte> certificateThumbprint, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        SignAsync(key, type, "x5t#S256", Base64Url.EncodeToString(certificateThumbprint.Span), payload, cancellationToken);

    /// <summary>The same, with the key named by its thumbprint (RFC 7638) as <c>kid</c>.</summary>
    /// <inheritdoc cref="SignAsync(ISigningKey, string, ReadOnlyMemory{byte}, ReadOnlyMemory{byte}, CancellationToken)"/>
    public static ValueTask<string> SignAsync(ISigningKey key, string type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        SignAsync(key, type, "kid", Jwk.Of(key.PublicKey).Thumbprint(), payload, cancellationToken);

    private static async ValueTask<string> SignAsync(ISigningKey key, string type, string naming, string name, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (JwsAlgorithm.For(key.Algorithm) is not { Signature: { } signature } algorithm)
        {
            throw new ArgumentException($"Keys of kind {key.Algorithm} sign no JWS.", nameof(key));
        }

        var header = $$"""{"alg":"{{algorithm.Name}}","typ":"{{type}}","{{naming}}":"{{name}}"}""";
        var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(payload.Span)}";
        var made = await key.SignAsync(signature, Encoding.ASCII.GetBytes(input), cancellationToken);
        if (signature.Family == AlgorithmFamily.Ecdsa)
        {
            // RFC 7518 §3.4: r and s, each as long as the curve's field.
            var pair = new byte[key.Algorithm.SizeBits / 4];
            made = EcdsaSignatureValue.TryToConcatenation(made, pair) ? pair : throw new KeyUnavailableException("The provider made an ECDSA signature that is none.", TimeSpan.FromSeconds(10));
        }

        return $"{input}.{Base64Url.EncodeToString(made)}";
    }

    /// <summary>Whether the signature is of that key; false when <see cref="Algorithm"/> does not fit it.</summary>
    public bool Verify(PublicKey key, CryptoProviders providers) => Algorithm.Verify(key, SigningInput.Span, Signature.Span, providers);

    private struct Header
    {
        public JwsAlgorithm? Algorithm;
        public string? KeyId;
        public string? Type;
        public byte[]? Thumbprint;
        public bool HasAlgorithm;

        public readonly JoseError? Check() =>
            !HasAlgorithm ? JoseJson.Malformed("The token's header has no alg (RFC 7515 §4.1.1).")
            : Algorithm is null or { IsMac: true } ? new(JoseErrorKind.Algorithm, $"The token's alg is not taken; use one of {string.Join(", ", JwsAlgorithm.SignatureNames)}.")
            : null;
    }

    private static JoseError? ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref Header header, out bool known)
    {
        known = true;
        if (reader.ValueTextEquals("alg"u8))
        {
            if (header.HasAlgorithm)
            {
                return JoseJson.Twice(What);
            }

            header.HasAlgorithm = true;
            header.Algorithm = JoseJson.TryReadString(ref reader, out var name) ? JwsAlgorithm.Find(name) : null;
            return null;
        }

        if (reader.ValueTextEquals("kid"u8))
        {
            return ReadText(ref reader, "kid", ref header.KeyId);
        }

        if (reader.ValueTextEquals("typ"u8))
        {
            return ReadText(ref reader, "typ", ref header.Type);
        }

        if (reader.ValueTextEquals("x5t#S256"u8))
        {
            return ReadThumbprint(ref reader, ref header);
        }

        known = false;
        // RFC 7515 §4.1.11, RFC 7797: what would change the meaning of the rest.
        return reader.ValueTextEquals("crit"u8) || reader.ValueTextEquals("b64"u8)
            ? JoseJson.Malformed("The token's header has crit or b64; no extension is understood here, so leave it out.")
            : null;
    }

    private static JoseError? ReadThumbprint(ref Utf8JsonReader reader, ref Header header)
    {
        if (header.Thumbprint is not null)
        {
            return JoseJson.Twice(What);
        }

        header.Thumbprint = JoseJson.TryReadString(ref reader, out var text) && JoseBase64.Decode(text) is { Length: SHA256.HashSizeInBytes } digest ? digest : null;
        return header.Thumbprint is null ? JoseJson.Malformed("The token's x5t#S256 is not the base64url of 32 octets (RFC 7515 §4.1.8).") : null;
    }

    private static JoseError? ReadText(ref Utf8JsonReader reader, string name, ref string? text)
    {
        if (text is not null)
        {
            return JoseJson.Twice(What);
        }

        if (!JoseJson.TryReadString(ref reader, out var octets) || octets.Length > LongestText)
        {
            return JoseJson.Malformed($"The token's {name} is not a text of at most {LongestText} octets.");
        }

        text = Encoding.UTF8.GetString(octets);
        return null;
    }
}
