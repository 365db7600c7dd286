using AgentPki.Client.Revocation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Tokens;

/// <summary>
/// Judges access tokens where they are used (docs/oauth.md): signature under the anchors, issuer, audience, time, the certificate that the token is bound to, and by the revocation feed everybody in its
/// chain. Asks nobody per token.
/// </summary>
public sealed class TokenVerifier : IDisposable
{
    private readonly TokenVerifierOptions _options;
    private readonly TokenKeys _keys;
    private readonly RevocationView _view;
    private readonly CryptoProviders _providers;
    private readonly TimeProvider _clock;

    /// <param name="view">What a <see cref="RevocationFollower"/> of the same appliance knows.</param>
    /// <param name="providers">What verifies signatures; null: what this build has.</param>
    /// <param name="handler">The way to the appliance; null: direct.</param>
    public TokenVerifier(TokenVerifierOptions options, IReadOnlyList<Certificate> anchors, RevocationView view, TimeProvider clock, CryptoProviders? providers = null, HttpMessageHandler? handler = null)
    {
        (_options, _view, _clock, _providers) = (options, view, clock, providers ?? SoftwareVerifiers.Create());
        _keys = new TokenKeys(options, new ChainVerifier(anchors, _providers, clock), handler ?? new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false }, clock);
    }

    public TokenVerifierOptions Options => _options;

    /// <param name="presented">The certificate of the connection that it came by, admitted already; null: none.</param>
    public async ValueTask<TokenVerdict> VerifyAsync(string text, Certificate? presented, CancellationToken cancellationToken)
    {
        // RFC 9068 §4, in its order.
        if (!CompactJws.TryParse(text, out var jws, out _) || !string.Equals(jws.Type, AccessToken.JwsType, StringComparison.OrdinalIgnoreCase) || jws.KeyId is not { } keyId)
        {
            return Refused(TokenRefusalKind.Malformed, "This is no access token.");
        }

        IReadOnlyList<Certificate>? signer;
        try
        {
            signer = await _keys.FindAsync(keyId, cancellationToken);
        }
        catch (HttpRequestException away)
        {
            return Refused(TokenRefusalKind.CannotTell, $"The keys of access tokens cannot be had now: {away.Message}");
        }

        if (signer is null || !jws.Verify(signer[0].PublicKey, _providers))
        {
            return Refused(TokenRefusalKind.NotSigned, "The token is not signed by a key of its issuer.");
        }

        if (!AccessToken.TryParse(jws.Payload, out var token, out var unreadable))
        {
            return Refused(TokenRefusalKind.Malformed, unreadable);
        }

        return WhyNot(token, presented) ?? await WhyNotLiveAsync(token, signer, cancellationToken) ?? new TokenVerdict.Accepted(token);
    }

    public void Dispose() => _keys.Dispose();

    private TokenVerdict? WhyNot(AccessToken token, Certificate? presented)
    {
        var now = _clock.GetUtcNow();
        return token.Issuer != _options.Issuer ? Refused(TokenRefusalKind.NotForHere, "The token is another issuer's.")
            : !token.Audience.Contains(_options.Resource, StringComparer.Ordinal) ? Refused(TokenRefusalKind.NotForHere, "The token is for another resource.")
            : token.Expires <= now ? Refused(TokenRefusalKind.Ended, "The token has ended.")
            : token.IssuedAt > now + _options.ClockTolerance ? Refused(TokenRefusalKind.Ended, "The token begins in the future; set the clock.")
            // RFC 8705 §3
            : token.Confirmation.IsEmpty ? (_options.TakesUnbound ? null : Refused(TokenRefusalKind.NotBound, "The token is bound to no certificate."))
            : presented is null ? Refused(TokenRefusalKind.NotBound, "The token is bound to a certificate, and came without one.")
            : !token.Confirmation.Span.SequenceEqual(presented.Fingerprint()) ? Refused(TokenRefusalKind.NotBound, "The token is bound to another certificate than the one presented.")
            : null;
    }

    private async ValueTask<TokenVerdict?> WhyNotLiveAsync(AccessToken token, IReadOnlyList<Certificate> signer, CancellationToken cancellationToken)
    {
        // The root is what is trusted; whoever is below it can be revoked.
        foreach (var certificate in signer.SkipLast(1))
        {
            if (Judge(await _view.CheckAsync(certificate, cancellationToken), "the token's signer or its CA") is { } bad)
            {
                return bad;
            }
        }

        foreach (var link in token.Chain)
        {
            if (Judge(await _view.CheckNamedAsync(link.Issuer, link.Serial, cancellationToken), link.Agent) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private static TokenVerdict.Refused? Judge(RevocationStatus status, string whose) => status switch
    {
        RevocationStatus.Good => null,
        RevocationStatus.Revoked or RevocationStatus.Held => Refused(TokenRefusalKind.Revoked, $"The certificate of {whose} is revoked or held."),
        _ => Refused(TokenRefusalKind.CannotTell, $"Nobody can tell now whether the certificate of {whose} is revoked."),
    };

    private static TokenVerdict.Refused Refused(TokenRefusalKind kind, string detail) => new(kind, detail);
}
