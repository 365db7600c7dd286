using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.OAuth;

/// <summary>
/// The authorization server behind the wire: gives agents access tokens that are bound to their certificates and never outlive them, lets a child exchange its parent's token for less, and says of a
/// token whether it is still good.
/// </summary>
public sealed class OAuthAuthority : IAsyncDisposable
{
    /// <summary>As refusals name the way a request came.</summary>
    public const string Protocol = "oauth";

    private readonly ClientAuthenticator _clients;
    private readonly AgentLineage _lineage;
    private readonly IssuerDirectory _issuers;
    private readonly TokenSignerKeeper _signers;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly BehaviourQueue _behaviour;
    private readonly IAgentStore _agents;
    private readonly Func<AgentRecord, Certificate, IReadOnlyList<AgentPolicy>>? _boundsOf;
    private readonly string _policyOid;
    private readonly AuthorityMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal OAuthAuthority(
        AuthorityEnvironment environment, OAuthOptions options, RequesterAuthenticator requesters, IssuerDirectory issuers, TokenSignerKeeper signers, JwtSvids svids, CommitWriter commits, AuditTrail audit, BehaviourQueue behaviour, AuthorityMetrics metrics)
    {
        (Options, _issuers, _signers, _commits, _audit, _behaviour, _metrics, _time, _logger) = (options, issuers, signers, commits, audit, behaviour, metrics, environment.Time, environment.Logger<OAuthAuthority>());
        (_agents, _boundsOf, _policyOid) = (environment.Stores.Agents, environment.BoundsOf, environment.Options.AgentPolicyOid);
        var certificates = environment.Stores.Certificates;
        _lineage = new AgentLineage(certificates, environment.Stores.Agents, issuers, _time);
        _clients = new ClientAuthenticator(requesters, certificates, _lineage, issuers, new JwtSvidClients(svids, environment.Options.TrustDomain, options), commits, environment.Providers, options, _time);
        if (!signers.IsProvidedFor)
        {
            Log.NoSigner(_logger);
        }
    }

    public OAuthOptions Options { get; }

    /// <summary>Tells which agent a client is. A refusal is recorded.</summary>
    public async ValueTask<OAuthOutcome<OAuthClient>> AuthenticateAsync(ClientProof proof, string correlationId, CancellationToken cancellationToken)
    {
        var outcome = await _clients.AuthenticateAsync(proof, cancellationToken);
        if (outcome is OAuthOutcome<OAuthClient>.Refused(var problem))
        {
            await RefuseAsync(problem, AuditTrail.Stranger, correlationId, cancellationToken);
        }

        return outcome;
    }

    /// <summary>Gives a token, or says why not; either is recorded before the answer leaves.</summary>
    /// <exception cref="KeyUnavailableException">The token's key cannot sign now.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<OAuthOutcome<GrantedToken>> GrantAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var outcome = await DecideAsync(request, cancellationToken);
        if (outcome is OAuthOutcome<GrantedToken>.Refused(var problem))
        {
            await RefuseAsync(problem, request.Client.Actor, request.CorrelationId, cancellationToken);
        }

        return outcome;
    }

    /// <summary>What a token says, if it is good now: signed here, not ended, and everybody in its chain and above still what he was (RFC 7662 §2.2). Null: it is not.</summary>
    public async ValueTask<AccessToken?> InspectAsync(string text, string correlationId, CancellationToken cancellationToken)
    {
        var (token, why) = await ReadAsync(text, cancellationToken);
        _metrics.Introspected(why is null);
        if (why is not null)
        {
            Log.Inactive(_logger, correlationId, why);
        }

        return why is null ? token : null;
    }

    /// <summary>The keys that tokens are verified by, the current one first.</summary>
    public ValueTask<IReadOnlyList<TokenSigner>> SignersAsync(CancellationToken cancellationToken) => _signers.AllAsync(cancellationToken);

    /// <summary>Records a refusal of what never became a request here.</summary>
    public ValueTask RefuseAsync(OAuthProblem problem, string correlationId, CancellationToken cancellationToken) => RefuseAsync(problem, AuditTrail.Stranger, correlationId, cancellationToken);

    public ValueTask DisposeAsync() => _signers.DisposeAsync();

    private async ValueTask<OAuthOutcome<GrantedToken>> DecideAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var client = request.Client;

        // 1. The token that is exchanged: good, and that of the client's parent.
        AccessToken? subject = null;
        if (request.SubjectToken is { } text)
        {
            (subject, var dead) = await ReadAsync(text, cancellationToken);
            if (subject is null || dead is not null)
            {
                return Refused(OAuthErrorType.InvalidGrant, $"the subject_token is not good: {dead ?? "it cannot be read"}");
            }

            if (client.Agent.Parent != subject.Holder.Agent)
            {
                return Refused(OAuthErrorType.InvalidGrant, "the subject_token is held by an agent that is not the client's parent; a token passes from parent to child alone");
            }
        }

        // 2. What for: never more than the client has, nor than the token that it exchanges.
        var bounds = _boundsOf is null
            ? AgentBounds.Of(client.Agent, await AgentLine.ReadAsync(client.Agent, _agents, cancellationToken), client.Certificate, _policyOid)
            : _boundsOf(client.Agent, client.Certificate);
        if (!TokenRules.TryScope(request.Scopes, bounds, subject, out var scopes, out var problem)
            || !TokenRules.TryAudience(request.Resources, Options, client.Presented is not null, subject, out var audience, out problem))
        {
            return new OAuthOutcome<GrantedToken>.Refused(problem);
        }

        // 3. Until when: minutes, and never longer than the certificates of the chain, nor outside the agent's times.
        var now = _time.GetUtcNow();
        if (bounds.Any(b => b.NotBefore > now || b.Weekly is { } weekly && !weekly.Contains(now)))
        {
            return Refused(OAuthErrorType.InvalidGrant, "the agent's policy does not let it act at this time");
        }

        IReadOnlyList<ChainLink> chain = [.. subject?.Chain ?? [], ChainLink.Of(client.Agent.Id, client.Certificate)];
        if (chain.Count > AccessToken.LongestChain)
        {
            return Refused(OAuthErrorType.InvalidGrant, $"the chain of the subject_token has {AccessToken.LongestChain} agents already");
        }

        var expires = Earliest(now + Options.TokenLifetime, client.Certificate.NotAfter, client.Presented?.NotAfter, bounds.Min(b => b.NotAfter), subject?.Expires);
        if (expires <= now)
        {
            return Refused(OAuthErrorType.InvalidGrant, "nothing is left of the life of the certificate, of the subject_token, or of what the agent's policy allows");
        }

        // 4. Signed, recorded together with the condition that nobody revoked the certificate meanwhile, released.
        var token = new AccessToken(Options.Issuer, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), audience, scopes, now, expires, client.Presented?.Fingerprint() ?? default(ReadOnlyMemory<byte>), chain);
        var signed = await (await _signers.CurrentAsync(cancellationToken)).SignAsync(token, cancellationToken);
        if (await RecordAsync(request, token, now, cancellationToken) is CommitOutcome.Conflict conflict)
        {
            return Refused(OAuthErrorType.InvalidGrant, conflict.Reason);
        }

        _metrics.TokenIssued(request.Grant);
        _behaviour.Publish(new BehaviourEvent(now, client.Agent.Id, BehaviourKind.Permitted) { Owner = client.Agent.Owner, Parent = client.Agent.Parent, Action = request.Grant, Resource = token.Audience is [var first, ..] ? first : null });
        Log.Issued(_logger, request.CorrelationId, request.Grant, client.Agent.Id, token.Id);
        return new OAuthOutcome<GrantedToken>.Done(new GrantedToken(signed, token));
    }

    private async ValueTask<(AccessToken? Token, string? Why)> ReadAsync(string text, CancellationToken cancellationToken)
    {
        if (!CompactJws.TryParse(text, out var jws, out var error))
        {
            return (null, error.Text);
        }

        // RFC 9068 §4: this type, these keys, this issuer.
        if (!string.Equals(jws.Type, AccessToken.JwsType, StringComparison.OrdinalIgnoreCase))
        {
            return (null, "it is no access token (typ at+jwt)");
        }

        var signer = (await _signers.AllAsync(cancellationToken)).FirstOrDefault(s => s.KeyId == jws.KeyId);
        if (signer is null || !signer.Verifies(jws))
        {
            return (null, "this server did not sign it");
        }

        if (!AccessToken.TryParse(jws.Payload, out var token, out var wrong))
        {
            return (null, wrong);
        }

        return token.Issuer != Options.Issuer ? (null, "it is another issuer's")
            : token.Expires <= _time.GetUtcNow() ? (null, "it has ended")
            : (token, await _lineage.WhyNotLiveAsync(token.Chain, cancellationToken));
    }

    private ValueTask<CommitOutcome> RecordAsync(TokenRequest request, AccessToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var certificate = request.Client.Certificate;
        var entry = new LedgerEntry(LedgerEntryKind.TokenIssued, now, request.Client.Actor, AuditDetails.Of(
            (AuditDetails.Token, token.Id),
            (AuditDetails.Grant, request.Grant),
            (AuditDetails.Authentication, request.Client.MethodName),
            (AuditDetails.Agent, token.Holder.Agent),
            (AuditDetails.Subject, token.Subject),
            (AuditDetails.Scope, token.Scopes.Scopes.IsEmpty ? null : token.Scopes.ToString()),
            (AuditDetails.Audience, string.Join(' ', token.Audience)),
            (AuditDetails.CertificateSha256, AuditDetails.Hex(certificate.Fingerprint())),
            (AuditDetails.NotAfter, AuditDetails.Instant(token.Expires)),
            (AuditDetails.Protocol, Protocol),
            (AuditDetails.Correlation, request.CorrelationId)));
        StoreChange[] conditions = _issuers.FindIssuerOf(certificate) is { } issuer ? [new StoreChange.RequireGood(issuer.Name, certificate.SerialNumber.ToArray())] : [];
        return _commits.CommitAsync(new CommitRequest(entry, [.. conditions]), cancellationToken);
    }

    private async ValueTask RefuseAsync(OAuthProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        _metrics.OAuthRefused(problem.Error);
        Log.Refused(_logger, correlationId, problem.Error, problem.Detail);
        await _audit.RefuseAsync(new Refusal(actor, problem.ToPkiProblem(), Protocol, correlationId), cancellationToken);
    }

    private static OAuthOutcome<GrantedToken> Refused(OAuthErrorType type, string detail) => new OAuthOutcome<GrantedToken>.Refused(new OAuthProblem(type, detail));

    // Whole seconds, as tokens have them; the end of a certificate's last second is never reached.
    private static DateTimeOffset Earliest(DateTimeOffset first, params ReadOnlySpan<DateTimeOffset?> others)
    {
        foreach (var other in others)
        {
            first = other < first ? other.Value : first;
        }

        return DateTimeOffset.FromUnixTimeSeconds(first.ToUnixTimeSeconds());
    }
}
