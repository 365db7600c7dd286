using AgentPki.Client.Tokens;
using Microsoft.AspNetCore.Authentication;

namespace AgentPki.Client.AspNetCore;

/// <summary>What <see cref="AgentPkiTokenExtensions.AddAgentPkiTokens"/> needs to know.</summary>
public sealed class AgentPkiTokenOptions : AuthenticationSchemeOptions
{
    /// <summary>The authorization server: the appliance's <c>oauth.issuer</c>.</summary>
    public string? Issuer { get; set; }

    /// <summary>This service as clients name it (RFC 8707): an https URL, and its tokens' audience.</summary>
    public string? Resource { get; set; }

    /// <summary>Whether tokens that are bound to no certificate are taken: for clients that know no mTLS (MCP). Such a token works in any hands.</summary>
    public bool TakesUnbound { get; set; }

    /// <summary>Scopes that clients may ask tokens for, as the resource's metadata lists them (RFC 9728 §2); none: it lists none.</summary>
    public IList<string> Scopes { get; } = [];

    /// <summary>The metadata of the resource (RFC 9728 §3): the well-known path, and behind it that of the resource.</summary>
    public string MetadataPath => ProtectedResource.PathOf(Resource ?? "");

    public override void Validate()
    {
        base.Validate();
        if (Issuer is null || !Uri.TryCreate(Resource, UriKind.Absolute, out var resource) || resource.Fragment.Length > 0)
        {
            throw new InvalidOperationException("AddAgentPkiTokens needs to know whose tokens are taken and for what: set Issuer, and Resource as an absolute URL without a fragment.");
        }
    }

    internal TokenVerifierOptions VerifierOptions(Uri appliance) => new(appliance, Issuer ?? "", Resource ?? "") { TakesUnbound = TakesUnbound };
}
