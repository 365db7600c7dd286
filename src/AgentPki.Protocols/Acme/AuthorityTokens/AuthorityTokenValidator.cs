using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.AuthorityTokens;

/// <summary>
/// tkauth-01 of type "atc" (RFC 9447) for SPIFFE IDs: an authority that the operator trusts says, in a token that the client brings, that this account may have
/// this identifier. Nothing that a token names is fetched.
/// </summary>
internal sealed class AuthorityTokenValidator : IChallengeValidator
{
    public const string ChallengeType = "tkauth-01";

    private readonly AuthorityTokenOptions _options;
    private readonly CryptoProviders _providers;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">Options that cannot work.</exception>
    public AuthorityTokenValidator(AuthorityTokenOptions options, CryptoProviders providers, TimeProvider time)
    {
        (_options, _providers, _time) = (options.Validate(), providers, time);
        // RFC 9447 §3
        Members = _options.Url is { } url
            ? new Dictionary<string, string>(StringComparer.Ordinal) { ["tkauth-type"] = "atc", ["token-authority"] = url }
            : new Dictionary<string, string>(StringComparer.Ordinal) { ["tkauth-type"] = "atc" };
    }

    public string Type => ChallengeType;

    public IReadOnlyDictionary<string, string> Members { get; }

    public bool Handles(AcmeIdentifier identifier, bool wildcard) =>
        identifier.Type == AcmeIdentifierTypes.Spiffe && SpiffeId.TryParse(identifier.Value, out var id) && _options.Authorities.Any(a => a.MayGive(id.Path));

    public ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Validate(request));

    private ValidationResult Validate(ValidationRequest request)
    {
        // 1. The token.
        if (Text(request.Payload) is not { } text)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Malformed, "The answer to the challenge has no \"tkauth\"; it holds the authority token (RFC 9447 §3).");
        }

        if (!AuthorityToken.TryParse(text, out var token, out var wrong))
        {
            return new ValidationResult.Invalid(AcmeErrorType.Malformed, wrong);
        }

        // 2. An authority signed it.
        var now = _time.GetUtcNow();
        var authority = _options.Authorities.FirstOrDefault(a => (token.Issuer is null || a.Issuer is null || a.Issuer == token.Issuer) && token.Jws.Verify(a.Key, _providers));
        if (authority is null)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Unauthorized, "The token is not signed by an authority that this server trusts, or its iss is another's.");
        }

        return WhyNot(token, authority, request, now) is { } refused
            ? new ValidationResult.Invalid(AcmeErrorType.Unauthorized, refused)
            : new ValidationResult.Valid($"{Type}: token '{AcmeText.Shown(token.Id)}' of {Name(authority)} gives {request.Identifier.Value} to this account")
            {
                // 5. It was not used, which the store knows (RFC 9447 §4: jti).
                Spends = new OneUse(
                    Digest(authority, token), DateTimeOffset.FromUnixTimeSeconds(token.Expires), $"The token '{AcmeText.Shown(token.Id)}' was used already (jti); get a new one."),
            };
    }

    private string? WhyNot(AuthorityToken token, TokenAuthority authority, ValidationRequest request, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds();

        // 3. It holds now.
        var time = authority.Certificate?.IsValidAt(now) == false ? "The certificate of the token's authority is not valid now."
            : token.Expires <= seconds ? "The token has expired; get a new one."
            : token.Expires - seconds > _options.LongestLife.TotalSeconds ? $"The token ends in more than {_options.LongestLife.TotalHours:0.#} hours; this server wants shorter ones."
            : token.NotBefore > seconds ? "The token is not valid yet (nbf)."
            : null;
        if (time is not null)
        {
            return time;
        }

        // 4. It is for this identifier, which the authority may give, and for this account (RFC 9447 §4).
        if (token.Type != request.Identifier.Type || token.Value != request.Identifier.Value)
        {
            return $"The token is for {AcmeText.Shown(token.Type)}:{AcmeText.Shown(token.Value, 160)}, not for {request.Identifier}.";
        }

        if (!SpiffeId.TryParse(request.Identifier.Value, out var id) || !authority.MayGive(id.Path))
        {
            return $"{Name(authority)} may not give {request.Identifier.Value}; it may give {string.Join(", ", authority.Paths)}.";
        }

        if (!CryptographicOperations.FixedTimeEquals(token.Fingerprint, Thumbprint(request.KeyAuthorization)))
        {
            return "The token is for another account: its fingerprint is not that of this account's key (RFC 7638).";
        }

        return token.ForAuthority ? "The token is for a CA's certificate (ca), which this server does not give over ACME." : null;
    }

    private static byte[] Digest(TokenAuthority authority, AuthorityToken token) => SHA256.HashData([.. authority.Key.Fingerprint(), .. Encoding.UTF8.GetBytes(token.Id)]);

    private static string Name(TokenAuthority authority) =>
        authority.Issuer is { } issuer ? $"authority '{issuer}'" : $"authority {Convert.ToHexStringLower(authority.Key.Fingerprint())[..16]}";

    // RFC 8555 §8.1: what follows the dot is the account key's thumbprint.
    private static byte[] Thumbprint(string keyAuthorization) => Base64Url.DecodeFromChars(keyAuthorization.AsSpan(keyAuthorization.IndexOf('.', StringComparison.Ordinal) + 1));

    private static string? Text(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return AcmePayload.Parse(payload).Text("tkauth");
        }
        catch (AcmePayloadException)
        {
            return null;
        }
    }
}
