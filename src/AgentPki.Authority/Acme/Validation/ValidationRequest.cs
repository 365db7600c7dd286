namespace AgentPki.Authority.Acme.Validation;

/// <summary>What a validator is asked.</summary>
/// <param name="Identifier">As the authorization names it: without <c>*.</c>.</param>
/// <param name="Wildcard">Whether the authorization is for the wildcard of that name (RFC 8555 §7.1.4).</param>
/// <param name="Token">The challenge's token, base64url; empty for challenges that have none.</param>
/// <param name="KeyAuthorization">Token, a dot, and the base64url thumbprint of the account's key (RFC 8555 §8.1).</param>
/// <param name="AccountUrl">The account's URL, which is its name to the outside (RFC 8657 §3, dns-account-01).</param>
/// <param name="Payload">The JSON that the client posted to the challenge: an empty object unless its type says more.</param>
public sealed record ValidationRequest(AcmeIdentifier Identifier, bool Wildcard, string Token, string KeyAuthorization, string AccountUrl, ReadOnlyMemory<byte> Payload);
