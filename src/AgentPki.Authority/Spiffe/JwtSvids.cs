using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger;

namespace AgentPki.Authority.Spiffe;

/// <summary>
/// JWT-SVIDs (JWT-SVID §3): who an agent is, for an audience and five minutes, each in the ledger before anybody has it. One is given to whom has a good X.509-SVID, so that it is an agent's
/// that is registered and active; and while the agent is not, none is valid here, however long it would last.
/// </summary>
public sealed class JwtSvids : IAsyncDisposable
{
    /// <summary>From now on. JWT-SVID §3.3 wants it short: who verifies elsewhere does not hear of revocations.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Audiences of one token, and octets of each.</summary>
    public const int MostAudiences = 16;
    public const int LongestAudience = 256;

    // So many kinds of tokens (entry, audience) are kept until half of their life is over: whoever asks in a loop gets the same again.
    private const int Kept = 10_000;

    // New tokens that one entry may cost in a minute: each is an entry of the ledger.
    private const int PerMinute = 120;

    // Clocks that differ (JWT-SVID §3.3 leaves room).
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(string Entry, string Audiences), (string Token, DateTimeOffset Until, long AgentChanges, string Kid)> _made = new();
    private readonly ConcurrentDictionary<string, (DateTimeOffset Minute, int Count)> _spent = new(StringComparer.Ordinal);
    private readonly JwtSvidSignerKeeper _signers;
    private readonly IAgentStore _agents;
    private readonly Commit.RevocationClock _clock;
    private readonly AuditTrail _audit;
    private readonly CryptoProviders _providers;
    private readonly TimeProvider _time;

    internal JwtSvids(JwtSvidSignerKeeper signers, IAgentStore agents, Commit.RevocationClock clock, AuditTrail audit, CryptoProviders providers, TimeProvider time) =>
        (_signers, _agents, _clock, _audit, _providers, _time) = (signers, agents, clock, audit, providers, time);

    /// <summary>The keys that verify what is signed here; none where no profile provides for a signer.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<IReadOnlyList<NamedKey>> VerifiersAsync(CancellationToken cancellationToken) =>
        [.. (await _signers.VerifiersAsync(cancellationToken)).Select(k => new NamedKey(k.Thumbprint(), k.Key, k.ToCanonicalJson()))];

    /// <summary>A token for the entry's agent. The caller has attested the process and has got the entry's X.509-SVID.</summary>
    /// <param name="audiences">One to sixteen.</param>
    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be written.</exception>
    public async ValueTask<Outcome<string>> IssueAsync(X509Svid svid, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var entry = svid.Entry;
        var (kind, now, changes) = ((entry.Digest, string.Join('\n', audiences)), _time.GetUtcNow(), _clock.AgentChanges);
        if (await _signers.CurrentAsync(cancellationToken) is not { } signer)
        {
            return Refused(PkiProblemKind.UnknownProfile, "no profile of this appliance provides for a signer of JWT-SVIDs (use: jwt-svid)");
        }

        if (_made.TryGetValue(kind, out var made) && now < made.Until && made.AgentChanges == changes && made.Kid == signer.Jwk.Thumbprint())
        {
            return new Outcome<string>.Done(made.Token);
        }

        if (!Spend(entry.Name, now))
        {
            return Refused(PkiProblemKind.RateLimited, $"entry '{entry.Name}' has had {PerMinute} JWT-SVIDs in this minute: use one until half of its life is over");
        }

        var (id, second) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()));
        var token = await signer.SignAsync(Claims(entry.Id, audiences, second, id), cancellationToken);
        await _audit.RecordAsync(LedgerEntryKind.WorkloadTokenIssued, entry.Actor, AuditDetails.Of(
            (AuditDetails.Agent, entry.Id), ("audience", string.Join(' ', audiences)), ("jti", id), (AuditDetails.NotAfter, AuditDetails.Instant(second + Lifetime)), (AuditDetails.KeySha256, signer.Jwk.Thumbprint())), cancellationToken);
        if (_made.Count >= Kept)
        {
            _made.Clear();
        }

        _made[kind] = (token, now + (Lifetime / 2), changes, signer.Jwk.Thumbprint());
        return new Outcome<string>.Done(token);
    }

    /// <summary>Whether a token is good for an audience now (JWT-SVID §5), and what it says.</summary>
    /// <param name="trustDomain">This appliance's: its agents must be active too.</param>
    /// <param name="keysOf">The keys of a trust domain, this appliance's or a foreign one's; null: it is not known here.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<(JwtSvidClaims? Claims, string? Problem)> ValidateAsync(
        string token, string audience, string trustDomain, Func<string, CancellationToken, ValueTask<IReadOnlyList<NamedKey>?>> keysOf, CancellationToken cancellationToken)
    {
        if (!CompactJws.TryParse(token, out var jws, out var malformed))
        {
            return (null, malformed.Text);
        }

        // JWT-SVID §2.3: typ is JWT or JOSE, where it is there.
        if (jws.Type is not (null or "JWT" or "JOSE"))
        {
            return (null, "the token's typ is neither JWT nor JOSE (JWT-SVID §2.3)");
        }

        if (!JwtSvidClaims.TryParse(jws.Payload, out var claims, out var problem))
        {
            return (null, problem);
        }

        if (await keysOf(claims.Subject.TrustDomain, cancellationToken) is not { } keys)
        {
            return (null, $"the trust domain '{claims.Subject.TrustDomain}' is not known here");
        }

        // JWT-SVID §4.1 wants the key found by its id.
        if (keys.FirstOrDefault(k => k.KeyId == jws.KeyId) is not { Key: { } key } || !jws.Verify(key, _providers))
        {
            return (null, "no key of its trust domain has signed the token");
        }

        var now = _time.GetUtcNow();
        problem = now >= claims.Expires + Leeway ? "the token has ended"
            : claims.NotBefore > now + Leeway ? "the token has not begun"
            : !claims.Audiences.Contains(audience) ? "the token is for another audience"
            : claims.Subject.TrustDomain == trustDomain && await _agents.FindAsync(claims.Subject.ToString(), cancellationToken) is not { State: AgentState.Active } ? "the agent is not active"
            : null;
        return problem is null ? (claims, null) : (null, problem);
    }

    public ValueTask DisposeAsync() => _signers.DisposeAsync();

    private static Outcome<string>.Refused Refused(PkiProblemKind kind, string detail) => new(new PkiProblem(kind, detail));

    private static ReadOnlyMemory<byte> Claims(string subject, IReadOnlyList<string> audiences, DateTimeOffset now, string id)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("aud");
            foreach (var audience in audiences)
            {
                json.WriteStringValue(audience);
            }

            json.WriteEndArray();
            json.WriteNumber("exp", (now + Lifetime).ToUnixTimeSeconds());
            json.WriteNumber("iat", now.ToUnixTimeSeconds());
            json.WriteString("jti", id);
            json.WriteString("sub", subject);
            json.WriteEndObject();
        }

        return output.WrittenMemory;
    }

    private bool Spend(string entry, DateTimeOffset now)
    {
        var minute = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() / 60 * 60);
        return _spent.AddOrUpdate(entry, _ => (minute, 1), (_, was) => was.Minute == minute ? (minute, was.Count + 1) : (minute, 1)).Count <= PerMinute;
    }
}
