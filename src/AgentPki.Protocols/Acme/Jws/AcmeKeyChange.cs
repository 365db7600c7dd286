using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme.Jws;

/// <summary>
/// The inner JWS of a key change (RFC 8555 §7.3.5), verified: whoever holds the account's key asked for it (the outer JWS), and whoever holds the new key agreed.
/// That no other account has the new key is for the handler to see.
/// </summary>
public sealed class AcmeKeyChange
{
    private const string What = "The key change";
    private const int LongestUrl = 2048;

    private AcmeKeyChange(Jwk newKey) => NewKey = newKey;

    public Jwk NewKey { get; }

    /// <summary>Reads and verifies the payload of a verified keyChange request.</summary>
    /// <param name="outer">A request that names its account by URL.</param>
    public static bool TryRead(AcmeRequest outer, CryptoProviders providers, [NotNullWhen(true)] out AcmeKeyChange? change, [NotNullWhen(false)] out AcmeRequestError? error)
    {
        change = null;
        if (!FlattenedJws.TryParse(outer.Payload.Span, JwsUse.Signature, out var inner, out var malformed))
        {
            error = In(malformed.ToAcme());
            return false;
        }

        error = CheckHeader(inner, outer) ?? CheckSignature(inner, providers) ?? CheckPayload(inner, outer);
        if (error is not null || inner.Jwk is not { } newKey)
        {
            error ??= Wrong("has no jwk");
            return false;
        }

        change = new AcmeKeyChange(newKey);
        return true;
    }

    // §7.3.5: jwk, the same url, no nonce.
    private static AcmeRequestError? CheckHeader(FlattenedJws inner, AcmeRequest outer) =>
        inner.Jwk is null ? Wrong("must carry the new key as jwk")
        : inner.Nonce is not null ? Wrong("must have no nonce")
        : !string.Equals(inner.Url, outer.Url, StringComparison.Ordinal) ? Wrong("must have the same url as the outer one")
        : null;

    private static AcmeRequestError? CheckSignature(FlattenedJws inner, CryptoProviders providers) =>
        inner.Jwk is not { } jwk ? null
        : AcmeJwsErrors.CheckFit(inner.Algorithm, jwk.Key) is { } misfit ? In(misfit)
        : inner.Verify(jwk.Key, providers) ? null
        : Wrong("is not signed by the new key");

    // §7.3.5: account and oldKey are those of the outer JWS.
    private static AcmeRequestError? CheckPayload(FlattenedJws inner, AcmeRequest outer)
    {
        var members = default(Members);
        if (JoseJson.Read(inner.Payload.Span, "The inner JWS's payload", ref members, ReadMember) is { } malformed)
        {
            return malformed.ToAcme();
        }

        if (members.Account is null || members.OldKey.IsEmpty)
        {
            return AcmeJwsErrors.Malformed($"{What} must have account and oldKey (RFC 8555 §7.3.5).");
        }

        if (!string.Equals(members.Account, outer.AccountUrl, StringComparison.Ordinal))
        {
            return AcmeJwsErrors.Malformed($"{What}'s account is not the one that the outer JWS names by kid (RFC 8555 §7.3.5).");
        }

        if (!Jwk.TryParse(members.OldKey, out var oldKey, out var wrong))
        {
            return wrong.ToAcme();
        }

        return oldKey.Key.Equals(outer.Key) ? null : AcmeJwsErrors.Malformed($"{What}'s oldKey is not the account's key (RFC 8555 §7.3.5).");
    }

    private ref struct Members
    {
        public string? Account;
        public ReadOnlySpan<byte> OldKey;
    }

    private static JoseError? ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref Members members, out bool known)
    {
        known = true;
        if (reader.ValueTextEquals("account"u8))
        {
            if (members.Account is not null)
            {
                return JoseJson.Twice(What);
            }

            members.Account = JoseJson.TryReadString(ref reader, out var text) && text.Length <= LongestUrl ? System.Text.Encoding.UTF8.GetString(text) : null;
            return members.Account is null ? JoseJson.Malformed($"{What}'s account is no URL (RFC 8555 §7.3.5).") : null;
        }

        if (reader.ValueTextEquals("oldKey"u8))
        {
            return members.OldKey.IsEmpty ? JoseJson.ReadObject(ref reader, json, out members.OldKey, $"{What}'s oldKey") : JoseJson.Twice(What);
        }

        known = false;
        return null;
    }

    private static AcmeRequestError Wrong(string what) => AcmeJwsErrors.Malformed($"The inner JWS of the key change {what} (RFC 8555 §7.3.5).");

    private static AcmeRequestError In(AcmeRequestError error) => error with { Detail = $"In the inner JWS of the key change: {error.Detail}" };
}
