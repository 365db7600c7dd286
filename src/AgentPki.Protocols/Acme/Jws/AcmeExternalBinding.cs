using System.Diagnostics.CodeAnalysis;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme.Jws;

/// <summary>
/// The <c>externalAccountBinding</c> of a newAccount (RFC 8555 §7.3.4): a MAC over the new account's key, with a key that an operator handed out. Reading it and
/// verifying it are two steps, because the second needs the secret that the first names.
/// </summary>
public sealed class AcmeExternalBinding
{
    private readonly FlattenedJws _jws;

    private AcmeExternalBinding(FlattenedJws jws, string keyId) => (_jws, KeyId) = (jws, keyId);

    /// <summary>What is answered when no key has that id, and when the MAC is wrong: one text, so that ids cannot be tried.</summary>
    public static AcmeRequestError Refusal { get; } = new(AcmeErrorType.Unauthorized, "The external account binding was not made with a key that is good here; check key id and secret, or ask the operator for new ones (RFC 8555 §7.3.4).");

    /// <summary>The external account key's id.</summary>
    public string KeyId { get; }

    /// <summary>Reads the member's value and holds it against the outer request: HS256, kid, the same url, no nonce, and as payload the outer request's key.</summary>
    /// <param name="jws">The JSON object that the payload has as <c>externalAccountBinding</c>; UTF-8.</param>
    /// <param name="outer">The verified newAccount request.</param>
    public static bool TryRead(ReadOnlySpan<byte> jws, AcmeRequest outer, [NotNullWhen(true)] out AcmeExternalBinding? binding, [NotNullWhen(false)] out AcmeRequestError? error)
    {
        binding = null;
        if (!FlattenedJws.TryParse(jws, JwsUse.Mac, out var inner, out var malformed))
        {
            error = Malformed(malformed);
            return false;
        }

        if (inner.KeyId is not { } keyId)
        {
            error = Wrong("must name the external account key by kid");
            return false;
        }

        error = inner.Nonce is not null ? Wrong("must have no nonce")
            : !string.Equals(inner.Url, outer.Url, StringComparison.Ordinal) ? Wrong("must have the same url as the outer JWS")
            : !Jwk.TryParse(inner.Payload.Span, out var key, out malformed) ? Malformed(malformed)
            : !key.Key.Equals(outer.Key) ? Wrong("must have the key of the outer JWS as its payload")
            : null;
        if (error is not null)
        {
            return false;
        }

        binding = new AcmeExternalBinding(inner, keyId);
        return true;
    }

    /// <summary>Whether the MAC was made with that secret; the time it takes says nothing of the secret. The answer to false is <see cref="Refusal"/>.</summary>
    /// <param name="secret">At least 32 octets (RFC 7518 §3.2).</param>
    public bool Verify(ReadOnlySpan<byte> secret) => _jws.VerifyMac(secret);

    private static AcmeRequestError Wrong(string what) => AcmeJwsErrors.Malformed($"The external account binding {what} (RFC 8555 §7.3.4).");

    // Not badSignatureAlgorithm, whose list is that of account keys (RFC 8555 §6.2).
    private static AcmeRequestError Malformed(JoseError error) => AcmeJwsErrors.Malformed($"In the external account binding: {error.Text}");
}
