using System.Buffers.Text;
using System.Security.Claims;
using System.Text.Encodings.Web;
using AgentPki.Client.Peers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentPki.Client.AspNetCore;

/// <summary>
/// A request is its connection's peer. Without a certificate it is nobody's (401 where somebody is asked for); with one that is refused, 403 with the reason (RFC 9110 §15.5.4).
/// </summary>
internal sealed class AgentPkiHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ConnectionPeers peers)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    private PeerRefusal? _refusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        switch (await peers.AdmitAsync(Context))
        {
            case Admission.Admitted { Peer: var peer }:
                Context.Features.Set(peer);
                return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(Identity(peer)), Scheme.Name));
            case Admission.Refused { Refusal: { Kind: not RefusalKind.NoCertificate } refusal }:
                _refusal = refusal;
                return AuthenticateResult.Fail(refusal.Detail);
            default:
                return AuthenticateResult.NoResult();
        }
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        Response.StatusCode = _refusal is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden;
        if (_refusal is null)
        {
            // RFC 9110 §11.6.1 wants a challenge; there is no registered scheme for TLS client certificates.
            Response.Headers.WWWAuthenticate = "ClientCertificate";
        }

        await Response.WriteAsync((_refusal?.Detail ?? "A client certificate is needed here.") + "\n", Context.RequestAborted);
    }

    private ClaimsIdentity Identity(Peer peer)
    {
        var certificate = peer.Certificate;
        List<Claim> claims =
        [
            Claim(AgentPkiDefaults.SerialClaim, certificate.SerialHex),
            Claim(AgentPkiDefaults.SubjectClaim, certificate.Subject.ToString()),
            Claim(AgentPkiDefaults.ThumbprintClaim, Base64Url.EncodeToString(certificate.Fingerprint())),
        ];
        if (peer.SpiffeId is { } id)
        {
            claims.Add(Claim(AgentPkiDefaults.SpiffeIdClaim, id.ToString()));
            claims.Add(Claim(ClaimTypes.NameIdentifier, id.ToString()));
        }

        return new ClaimsIdentity(claims, Scheme.Name, peer.SpiffeId is null ? AgentPkiDefaults.SubjectClaim : AgentPkiDefaults.SpiffeIdClaim, ClaimTypes.Role);
    }

    private Claim Claim(string type, string value) => new(type, value, ClaimValueTypes.String, Scheme.Name);
}
