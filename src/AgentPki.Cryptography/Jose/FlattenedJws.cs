using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// A JWS in the flattened JSON serialization (RFC 7515 §7.2.2), with what RFC 8555 §6.2 allows of it: one signature, everything in the protected header, the
/// payload encoded and attached. It was read, not verified.
/// </summary>
public sealed class FlattenedJws
{
    /// <summary>Octets of a JWS that are read: a request for an SLH-DSA key (50 kB) in base64url within base64url, and room.</summary>
    public const int MaximumLength = 256 * 1024;

    private readonly byte[] _octets;
    private readonly int _payloadStart;
    private readonly int _signatureStart;

    private FlattenedJws(JwsAlgorithm algorithm, in JwsHeader header, byte[] octets, int payloadStart, int signatureStart)
    {
        (Algorithm, Nonce, Url, KeyId, Jwk) = (algorithm, header.Nonce, header.Url, header.KeyId, header.Key);
        (_octets, _payloadStart, _signatureStart) = (octets, payloadStart, signatureStart);
    }

    public JwsAlgorithm Algorithm { get; }

    /// <summary>RFC 8555 §6.5.2: base64url; null when there is none.</summary>
    public string? Nonce { get; }

    /// <summary>RFC 8555 §6.4.1; null when there is none.</summary>
    public string? Url { get; }

    /// <summary>Names the key (RFC 7515 §4.1.4); null when <see cref="Jwk"/> holds it, or nothing does.</summary>
    public string? KeyId { get; }

    /// <summary>The key itself (RFC 7515 §4.1.3); never beside <see cref="KeyId"/>.</summary>
    public Jwk? Jwk { get; }

    /// <summary>The payload, decoded; empty in a POST-as-GET (RFC 8555 §6.3).</summary>
    public ReadOnlyMemory<byte> Payload => _octets.AsMemory(_payloadStart, _signatureStart - _payloadStart);

    /// <summary>What was signed: both texts as they came, with a dot between them (RFC 7515 §5.1).</summary>
    public ReadOnlyMemory<byte> SigningInput => _octets.AsMemory(0, _payloadStart);

    /// <summary>The signature or MAC as <see cref="Algorithm"/> has it on the wire.</summary>
    public ReadOnlyMemory<byte> Signature => _octets.AsMemory(_signatureStart);

    /// <summary>Reads a JWS.</summary>
    /// <param name="utf8">One JSON object and nothing else.</param>
    /// <param name="use">What it must be made with.</param>
    public static bool TryParse(ReadOnlySpan<byte> utf8, JwsUse use, [NotNullWhen(true)] out FlattenedJws? jws, [NotNullWhen(false)] out JoseError? error)
    {
        jws = null;
        if (utf8.Length > MaximumLength)
        {
            error = new(JoseErrorKind.TooLarge, $"The JWS is longer than {MaximumLength / 1024} KiB.");
            return false;
        }

        var members = default(Members);
        error = JoseJson.Read(utf8, What, ref members, ReadMember) ?? members.Check();
        return error is null && TryDecode(members, use, out jws, out error);
    }

    /// <summary>Whether the signature is of that key; false for a MAC, and when <see cref="Algorithm"/> does not fit the key.</summary>
    public bool Verify(PublicKey key, CryptoProviders providers) => Algorithm.Verify(key, SigningInput.Span, Signature.Span, providers);

    /// <summary>Whether the MAC is of that secret; false for a signature.</summary>
    public bool VerifyMac(ReadOnlySpan<byte> secret) => Algorithm.VerifyMac(secret, SigningInput.Span, Signature.Span);

    private const string What = "The JWS";

    private ref struct Members
    {
        public ReadOnlySpan<byte> Protected;
        public ReadOnlySpan<byte> Payload;
        public ReadOnlySpan<byte> Signature;
        public bool HasProtected;
        public bool HasPayload;
        public bool HasSignature;

        public readonly JoseError? Check() =>
            !HasProtected ? JoseJson.Malformed("The JWS has no protected header (RFC 8555 §6.2).")
            : !HasPayload ? JoseJson.Malformed("The JWS has no payload; a POST-as-GET has an empty one (RFC 8555 §6.3).")
            : !HasSignature ? JoseJson.Malformed("The JWS has no signature.")
            : null;
    }

    private static JoseError? ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref Members members, out bool known)
    {
        known = true;
        if (reader.ValueTextEquals("protected"u8))
        {
            return ReadText(ref reader, "protected", ref members.Protected, ref members.HasProtected);
        }

        if (reader.ValueTextEquals("payload"u8))
        {
            return ReadText(ref reader, "payload", ref members.Payload, ref members.HasPayload);
        }

        if (reader.ValueTextEquals("signature"u8))
        {
            return ReadText(ref reader, "signature", ref members.Signature, ref members.HasSignature);
        }

        known = false;
        return reader.ValueTextEquals("header"u8) ? JoseJson.Malformed("The JWS has an unprotected header; put everything into the protected one (RFC 8555 §6.2).")
            : reader.ValueTextEquals("signatures"u8) ? JoseJson.Malformed("The JWS has signatures; use the flattened serialization with one signature (RFC 8555 §6.2).")
            : null;
    }

    private static JoseError? ReadText(ref Utf8JsonReader reader, string name, ref ReadOnlySpan<byte> value, ref bool seen)
    {
        if (seen)
        {
            return JoseJson.Twice(What);
        }

        seen = true;
        return JoseJson.TryReadString(ref reader, out value) ? null : JoseJson.Malformed($"The JWS's {name} is no text (RFC 7515 §7.2.2).");
    }

    /// <summary>One array holds it all: signing input, payload, signature.</summary>
    private static bool TryDecode(in Members members, JwsUse use, [NotNullWhen(true)] out FlattenedJws? jws, [NotNullWhen(false)] out JoseError? error)
    {
        jws = null;
        var header = default(JwsHeader);
        error = ReadHeader(members.Protected, use, ref header);
        if (error is not null)
        {
            return false;
        }

        var payloadStart = members.Protected.Length + 1 + members.Payload.Length;
        var payloadLength = JoseBase64.DecodedLength(members.Payload.Length);
        var signatureLength = JoseBase64.DecodedLength(members.Signature.Length);
        if (payloadLength < 0 || signatureLength <= 0 || header.Algorithm is not { } algorithm)
        {
            error = NotBase64(signatureLength <= 0 ? "signature" : "payload");
            return false;
        }

        var octets = new byte[payloadStart + payloadLength + signatureLength];
        members.Protected.CopyTo(octets);
        octets[members.Protected.Length] = (byte)'.';
        members.Payload.CopyTo(octets.AsSpan(members.Protected.Length + 1));
        var signatureStart = payloadStart + payloadLength;
        if (!JoseBase64.TryDecode(members.Payload, octets.AsSpan(payloadStart, payloadLength), out _))
        {
            error = NotBase64("payload");
            return false;
        }

        if (!JoseBase64.TryDecode(members.Signature, octets.AsSpan(signatureStart), out _))
        {
            error = NotBase64("signature");
            return false;
        }

        jws = new FlattenedJws(algorithm, header, octets, payloadStart, signatureStart);
        return true;
    }

    private static JoseError? ReadHeader(ReadOnlySpan<byte> text, JwsUse use, ref JwsHeader header)
    {
        var length = JoseBase64.DecodedLength(text.Length);
        if (length > JwsHeader.MaximumLength)
        {
            return new(JoseErrorKind.TooLarge, $"The protected header is longer than {JwsHeader.MaximumLength / 1024} KiB.");
        }

        var json = length <= 0 ? null : new byte[length];
        return json is not null && JoseBase64.TryDecode(text, json, out _) ? JwsHeader.Read(json, use, ref header) : NotBase64("protected header");
    }

    private static JoseError NotBase64(string member) => JoseJson.Malformed($"The JWS's {member} is not base64url without padding, or empty (RFC 7515 §2).");
}
