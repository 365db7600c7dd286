using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;

namespace AgentPki.Protocols.Acme.AuthorityTokens;

/// <summary>tkauth-01 put together.</summary>
public static class AuthorityTokenChallenge
{
    /// <returns>The validator, or none when no authority is configured.</returns>
    /// <exception cref="ArgumentException">Options that cannot work.</exception>
    public static IReadOnlyList<IChallengeValidator> Validators(AuthorityTokenOptions options, CryptoProviders providers, TimeProvider time) =>
        options.Authorities.Count == 0 ? [] : [new AuthorityTokenValidator(options, providers, time)];
}
