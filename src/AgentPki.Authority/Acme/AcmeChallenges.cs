using System.Buffers.Text;
using System.Collections.ObjectModel;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Acme;

/// <summary>One challenge of an authorization as its account sees it (RFC 8555 §7.1.5).</summary>
/// <param name="Token">Empty for types that have none.</param>
/// <param name="Error">A problem document.</param>
public sealed record AcmeChallenge(string Type, string Token, AcmeChallengeState State, DateTimeOffset? Validated, string? Error)
{
    /// <summary>What its type adds to the object.</summary>
    public IReadOnlyDictionary<string, string> Members { get; init; } = ReadOnlyDictionary<string, string>.Empty;
}

/// <summary>RFC 8555 §7.1.6.</summary>
public enum AcmeChallengeState
{
    Pending,
    Processing,
    Valid,
    Invalid,
}

/// <summary>Which challenges there are for a name, and their tokens.</summary>
public sealed class AcmeChallenges(IReadOnlyList<IChallengeValidator> validators)
{
    // 192 bits: RFC 8555 §8.3 asks for at least 128.
    private const int TokenSize = 24;

    /// <summary>In the order in which they are offered.</summary>
    public IReadOnlyList<IChallengeValidator> Validators => validators;

    public IChallengeValidator? Find(string type) => validators.FirstOrDefault(v => v.Type == type);

    /// <summary>Whether the name can be proven at all.</summary>
    public bool CanProve(AcmeIdentifier identifier, bool wildcard) => validators.Any(v => v.Handles(identifier, wildcard));

    /// <summary>The challenges of an authorization: all while it waits, the one that was answered afterwards (RFC 8555 §7.1.4).</summary>
    public IReadOnlyList<AcmeChallenge> Of(AcmeAuthorization authorization)
    {
        if (authorization.Challenge is { } answered)
        {
            return [new AcmeChallenge(answered, Token(authorization.Seed, answered), StateOf(authorization), authorization.Validated, authorization.Error) { Members = Find(answered)?.Members ?? ReadOnlyDictionary<string, string>.Empty }];
        }

        return [.. validators.Where(v => v.Handles(authorization.Identifier, authorization.Wildcard)).Select(v => new AcmeChallenge(v.Type, Token(authorization.Seed, v.Type), AcmeChallengeState.Pending, null, null) { Members = v.Members })];
    }

    /// <summary>A token for each type, all of one seed: no two challenges share one (RFC 8555 §8.3).</summary>
    public static string Token(byte[] seed, string type)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. seed, .. Encoding.ASCII.GetBytes(type)], digest);
        return Base64Url.EncodeToString(digest[..TokenSize]);
    }

    /// <summary>RFC 8555 §8.1.</summary>
    public static string KeyAuthorization(string token, ReadOnlySpan<byte> thumbprint) => $"{token}.{Base64Url.EncodeToString(thumbprint)}";

    private static AcmeChallengeState StateOf(AcmeAuthorization authorization) => authorization.State switch
    {
        AcmeAuthorizationState.Pending => AcmeChallengeState.Processing,
        AcmeAuthorizationState.Valid => AcmeChallengeState.Valid,
        AcmeAuthorizationState.Invalid => AcmeChallengeState.Invalid,
        AcmeAuthorizationState.Deactivated => authorization.Validated is null ? AcmeChallengeState.Invalid : AcmeChallengeState.Valid,
    };
}
