using AgentPki.Agents;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Acme.AuthorityTokens;

/// <summary>An authority whose tokens say which account may have which SPIFFE ID (RFC 9447 §1: the server trusts it by configuration).</summary>
/// <param name="Key">Verifies its tokens.</param>
/// <param name="Paths">Globs over the SPIFFE paths that it may give.</param>
public sealed record TokenAuthority(PublicKey Key, IReadOnlyList<string> Paths)
{
    /// <summary>What its tokens' <c>iss</c> must be, where they have one; null: anything.</summary>
    public string? Issuer { get; init; }

    /// <summary>The certificate that the key comes from; outside its time the authority says nothing. Null: a bare key, without end.</summary>
    public Certificate? Certificate { get; init; }

    internal bool MayGive(string path) => Paths.Any(p => PathPattern.Matches(p, path));
}

/// <summary>Settings of tkauth-01. Without authorities the challenge is not offered.</summary>
public sealed record AuthorityTokenOptions
{
    public IReadOnlyList<TokenAuthority> Authorities { get; init; } = [];

    /// <summary>Where clients get a token: the challenge's <c>token-authority</c> (RFC 9447 §3); null: they know.</summary>
    public string? Url { get; init; }

    /// <summary>How far in the future a token may end: as long is its number (<c>jti</c>) remembered, in the store.</summary>
    public TimeSpan LongestLife { get; init; } = TimeSpan.FromDays(1);

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public AuthorityTokenOptions Validate()
    {
        if (Url is not null && (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"acme.authorityTokens.url: '{Url}' is no https URL.");
        }

        if (Authorities.SelectMany(a => a.Paths).FirstOrDefault(p => !p.StartsWith('/')) is { } path)
        {
            throw new ArgumentException($"acme.authorityTokens: '{path}' is no glob over SPIFFE paths; it begins with a slash.");
        }

        if (Authorities.Any(a => a.Paths.Count == 0) || LongestLife < TimeSpan.FromMinutes(1) || LongestLife > TimeSpan.FromDays(30))
        {
            throw new ArgumentException("acme.authorityTokens: each key has paths, and longest is from a minute to 30 days.");
        }

        return this;
    }
}
