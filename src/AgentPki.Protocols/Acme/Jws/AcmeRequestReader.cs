using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Protocols.Http;
using AgentPki.Cryptography.Jose;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme.Jws;

/// <summary>Reads what every ACME request is: a JWS (RFC 8555 §6.2 to §6.5).</summary>
public sealed class AcmeRequestReader(AcmeNonces nonces, CryptoProviders providers)
{
    /// <summary>RFC 8555 §6.2.</summary>
    public const string MediaTypeName = "application/jose+json";

    /// <summary>From a body to a verified request. What costs most, or asks the store, comes last: behind the nonce, so that a request without a good one costs next to nothing.</summary>
    /// <param name="contentType">The request's Content-Type as it came.</param>
    /// <param name="url">The URL that the client was given for this resource, exactly (§6.4).</param>
    /// <param name="naming">How this endpoint wants the key named.</param>
    public async ValueTask<AcmeRequestResult> ReadAsync(
        string? contentType, ReadOnlyMemory<byte> body, string url, AcmeKeyNaming naming, AcmeKeyLookup lookup, CancellationToken cancellationToken)
    {
        // 1. RFC 8555 §6.2: 415 for any other media type.
        if (!MediaType.Is(contentType, MediaTypeName))
        {
            return Refuse(new(AcmeErrorType.Malformed, $"The media type is not {MediaTypeName}; send the request as a JWS with that Content-Type (RFC 8555 §6.2).") { Status = StatusCodes.Status415UnsupportedMediaType });
        }

        // 2. §6.2: one signature, a known algorithm, everything in the protected header.
        if (!FlattenedJws.TryParse(body.Span, JwsUse.Signature, out var jws, out var error))
        {
            return Refuse(error.ToAcme());
        }

        // 3. §6.2: jwk or kid, as the endpoint wants it.
        if (CheckNaming(jws, naming) is { } wrongNaming)
        {
            return Refuse(wrongNaming);
        }

        // 4. §6.4: the URL, octet by octet.
        if (CheckUrl(jws, url) is { } wrongUrl)
        {
            return Refuse(wrongUrl);
        }

        // 5. §6.5: the nonce.
        if (CheckNonce(jws) is { } badNonce)
        {
            return Refuse(badNonce);
        }

        // 6. The key.
        var account = jws.KeyId is { } keyId ? await lookup(keyId, cancellationToken) : null;
        if ((account?.Key ?? jws.Jwk?.Key) is not { } key)
        {
            return Refuse(new(AcmeErrorType.AccountDoesNotExist, "The kid names no account here; find or make one at newAccount (RFC 8555 §7.3.1)."));
        }

        // 7. The signature.
        if (AcmeJwsErrors.CheckFit(jws.Algorithm, key) is { } misfit)
        {
            return Refuse(misfit);
        }

        return jws.Verify(key, providers)
            ? new AcmeRequestResult.Verified(new AcmeRequest(jws.Payload, url, jws.Algorithm, key) { AccountId = account?.AccountId, AccountUrl = jws.KeyId, Jwk = jws.Jwk })
            : Refuse(AcmeJwsErrors.Malformed("The JWS's signature does not verify; sign the texts of protected and payload as they are sent, with the key that kid or jwk names (RFC 7515 §5.1)."));
    }

    private static AcmeRequestError? CheckNaming(FlattenedJws jws, AcmeKeyNaming naming) => (naming, jws) switch
    {
        (_, { KeyId: null, Jwk: null }) => AcmeJwsErrors.Malformed(naming == AcmeKeyNaming.Key ? "The protected header has no jwk; this resource wants the key itself (RFC 8555 §6.2)." : "The protected header has no kid; it is the account's URL (RFC 8555 §6.2)."),
        (AcmeKeyNaming.AccountUrl, { KeyId: null }) => AcmeJwsErrors.Malformed("The protected header has a jwk; this resource wants the account's URL as kid (RFC 8555 §6.2)."),
        (AcmeKeyNaming.Key, { Jwk: null }) => AcmeJwsErrors.Malformed("The protected header has a kid; this resource wants the key itself as jwk (RFC 8555 §6.2)."),
        _ => null,
    };

    private static AcmeRequestError? CheckUrl(FlattenedJws jws, string url) =>
        jws.Url is null ? AcmeJwsErrors.Malformed("The protected header has no url (RFC 8555 §6.4).")
        : !string.Equals(jws.Url, url, StringComparison.Ordinal) ? new(AcmeErrorType.Unauthorized, $"The protected header's url is not the one this request was sent to, {url} (RFC 8555 §6.4).")
        : null;

    private AcmeRequestError? CheckNonce(FlattenedJws jws) => jws.Nonce is null
        ? new(AcmeErrorType.BadNonce, "The protected header has no nonce; take one from the last answer's Replay-Nonce or from newNonce (RFC 8555 §6.5).")
        : nonces.TryRedeem(jws.Nonce) switch
        {
            NonceVerdict.Accepted => null,
            NonceVerdict.Unknown => AcmeNonces.Home(jws.Nonce) is { } home && home != nonces.Node ? BadNonce($"was made by node {home}, and this is node {nonces.Node}") : BadNonce("is none of this server's since it was started"),
            NonceVerdict.Replayed => BadNonce("was used before"),
            NonceVerdict.Expired => BadNonce("is too old"),
        };

    private static AcmeRequestError BadNonce(string what) => new(AcmeErrorType.BadNonce, $"The nonce {what}; take this answer's Replay-Nonce and try again (RFC 8555 §6.5).");

    private static AcmeRequestResult.Refused Refuse(AcmeRequestError error) => new(error);
}
