namespace AgentPki.Authority.OAuth;

/// <summary>A place where tokens are used, as OAuth knows it (RFC 8707 §2).</summary>
/// <param name="Uri">How clients name it (<c>resource</c>), and its tokens' audience.</param>
/// <param name="KnowsNoMtls">Its tokens may be bound to no certificate, for whoever comes without one (an MCP server): such a token works in any hands until it ends or its certificate is revoked.</param>
public sealed record OAuthResource(string Uri, bool KnowsNoMtls = false);

/// <summary>What access tokens are given for.</summary>
public sealed record OAuthOptions
{
    /// <summary>RFC 8414 §2: an https URL without query, fragment, path or slash at the end.</summary>
    public required string Issuer { get; init; }

    /// <summary>How long a token lives at most; never longer than the certificates of its chain.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where tokens may be used; whoever names none gets one for <see cref="Issuer"/>, which bound tokens may always be for.</summary>
    public IReadOnlyList<OAuthResource> Resources { get; init; } = [];

    /// <summary>The longest that a client assertion may be good for, from now on (RFC 7523 §3).</summary>
    public TimeSpan AssertionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How far a client's clock may be ahead.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a JWT-SVID of this appliance authenticates its agent: it is not good once, and works in any hands until it ends.</summary>
    public bool TakesJwtSvids { get; init; } = true;

    public string TokenEndpoint => $"{Issuer}{TokenPath}";

    public const string TokenPath = "/oauth/token";
    public const string IntrospectionPath = "/oauth/introspect";
    public const string KeysPath = "/oauth/jwks";

    /// <exception cref="ArgumentException">With the option and what would be right.</exception>
    public void Validate()
    {
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme != Uri.UriSchemeHttps || issuer.PathAndQuery != "/" || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0 || Issuer.EndsWith('/'))
        {
            throw new ArgumentException($"OAuth issuer '{Issuer}': https://host[:port] without a path or a slash at the end is wanted.");
        }

        if (TokenLifetime < TimeSpan.FromSeconds(30) || TokenLifetime > TimeSpan.FromHours(1))
        {
            throw new ArgumentException("Access tokens live between 30 seconds and an hour.");
        }

        foreach (var resource in Resources)
        {
            if (!Uri.TryCreate(resource.Uri, UriKind.Absolute, out var uri) || uri.Fragment.Length > 0)
            {
                throw new ArgumentException($"OAuth resource '{resource.Uri}' is not an absolute URI without a fragment (RFC 8707 §2).");
            }
        }
    }
}
