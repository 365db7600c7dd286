using System.Security.Claims;
using System.Text.Encodings.Web;
using AgentPki.Client.Peers;
using AgentPki.Client.Tokens;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentPki.Client.AspNetCore;

/// <summary>A request is its token's holder's. A token that is bound to a certificate needs that certificate on the connection, admitted by the gate.</summary>
internal sealed class AgentPkiTokenHandler(IOptionsMonitor<AgentPkiTokenOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ConnectionPeers peers, TokenVerifier tokens)
    : AuthenticationHandler<AgentPkiTokenOptions>(options, loggers, encoder)
{
    private TokenVerdict.Refused? _refused;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ProtectedResource.TokenOf(Request) is not { } text)
        {
            return AuthenticateResult.NoResult();
        }

        Certificate? presented = null;
        switch (await peers.AdmitAsync(Context))
        {
            case Admission.Admitted { Peer: var peer }:
                Context.Features.Set(peer);
                presented = peer.Certificate;
                break;
            case Admission.Refused { Refusal: { Kind: not RefusalKind.NoCertificate } refusal }:
                return Fail(new TokenVerdict.Refused(TokenRefusalKind.NotBound, refusal.Detail));
            default:
                break;
        }

        switch (await tokens.VerifyAsync(text, presented, Context.RequestAborted))
        {
            case TokenVerdict.Accepted { Token: var token }:
                Context.Features.Set(token);
                return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(Identity(token)), Scheme.Name));
            case TokenVerdict.Refused refused:
                return Fail(refused);
            default:
                return AuthenticateResult.NoResult();
        }
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        Response.StatusCode = ProtectedResource.StatusOf(_refused);
        Response.Headers.WWWAuthenticate = ProtectedResource.Challenge(tokens.Options, _refused);
        await Response.WriteAsync((_refused?.Detail ?? "An access token is needed here.") + "\n", Context.RequestAborted);
    }

    private AuthenticateResult Fail(TokenVerdict.Refused refused)
    {
        _refused = refused;
        return AuthenticateResult.Fail(refused.Detail);
    }

    private ClaimsIdentity Identity(AccessToken token)
    {
        List<Claim> claims =
        [
            Claim("sub", token.Subject),
            Claim("client_id", token.Holder.Agent),
            Claim("jti", token.Id),
            Claim(AgentPkiDefaults.SpiffeIdClaim, token.Holder.Agent),
            Claim(ClaimTypes.NameIdentifier, token.Holder.Agent),
            .. token.Scopes.Scopes.Select(s => Claim("scope", s.ToString())),
        ];
        return new ClaimsIdentity(claims, Scheme.Name, AgentPkiDefaults.SpiffeIdClaim, ClaimTypes.Role);
    }

    private Claim Claim(string type, string value) => new(type, value, ClaimValueTypes.String, tokens.Options.Issuer);
}
