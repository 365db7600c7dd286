using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.X509.AccessTokens;

/// <summary>
/// What an OAuth access token of the appliance says (RFC 9068): the payload of a compact JWS of type <see cref="JwsType"/>. Whose it is stands in <see cref="Chain"/>: the first is the one on
/// whose behalf it acts (<c>sub</c>), the last the one that holds it (<c>client_id</c>), between them those that passed it on (nested <c>act</c>, RFC 8693 §4.1).
/// </summary>
/// <param name="Issuer">The authorization server (RFC 8414 §2).</param>
/// <param name="Id"><c>jti</c>.</param>
/// <param name="Audience">Where it may be used (RFC 8707): URIs.</param>
/// <param name="Confirmation">SHA-256 over the certificate that its holder must present (RFC 8705 §3.1); empty: none, for resources that know no mTLS.</param>
/// <param name="Chain">One agent at least, each a child of the one before.</param>
public sealed record AccessToken(
    string Issuer,
    string Id,
    IReadOnlyList<string> Audience,
    ScopeSet Scopes,
    DateTimeOffset IssuedAt,
    DateTimeOffset Expires,
    ReadOnlyMemory<byte> Confirmation,
    IReadOnlyList<ChainLink> Chain)
{
    /// <summary><c>typ</c> of its JWS (RFC 9068 §2.1).</summary>
    public const string JwsType = "at+jwt";

    /// <summary>Agents in a chain: an agent and as many generations as any may have below itself.</summary>
    public const int LongestChain = AgentPolicy.MaximumDepth + 1;

    /// <summary>On whose behalf it acts.</summary>
    public string Subject => Chain[0].Agent;

    /// <summary>Who holds it.</summary>
    public ChainLink Holder => Chain[^1];

    /// <summary>UTF-8 JSON.</summary>
    public byte[] Encode() => AccessTokenJson.Write(this);

    /// <summary>Reads a payload whose signature was verified.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out AccessToken? token, [NotNullWhen(false)] out string? error) =>
        AccessTokenJson.TryRead(payload, out token, out error);
}
