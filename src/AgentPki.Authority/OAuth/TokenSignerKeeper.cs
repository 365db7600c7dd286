using System.Collections.Immutable;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Authority.OAuth;

/// <summary>
/// Keeps the signer of access tokens, renewed when two thirds of its certificate's life have passed and replaced when that was revoked; and the signers before it as long as a token of theirs may live.
/// </summary>
internal sealed class TokenSignerKeeper(
    ProfileCatalog profiles, IssuerDirectory issuers, ICertificateStore certificates, HelperSigners helpers, RevocationClock clock, OAuthOptions options, CryptoProviders providers, TimeProvider time) : IAsyncDisposable
{
    private static readonly HelperRole Role = new("tokens", KeyPurpose.AccessTokens, "Access tokens", a => JwsAlgorithm.For(a) is not null);
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private volatile State _state = new(null, [], -1);

    /// <summary>Whether a profile provides for a signer.</summary>
    public bool IsProvidedFor => profiles.All.Any(p => p.Use == ProfileUse.AccessTokens);

    /// <summary>The signer as of now.</summary>
    /// <exception cref="KeyUnavailableException">No profile provides for one, the token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<TokenSigner> CurrentAsync(CancellationToken cancellationToken) => (await RefreshAsync(cancellationToken)).Current
        ?? throw new KeyUnavailableException("No profile has 'use: access-tokens'.", TimeSpan.FromMinutes(10));

    /// <summary>The current signer first, then those of which tokens may still live. None whose certificate was revoked.</summary>
    public async ValueTask<IReadOnlyList<TokenSigner>> AllAsync(CancellationToken cancellationToken)
    {
        var state = await RefreshAsync(cancellationToken);
        var now = time.GetUtcNow();
        return [.. state.Current is { } current ? new[] { current } : [], .. state.Former.Where(f => now < f.Until).Select(f => f.Signer)];
    }

    public async ValueTask DisposeAsync()
    {
        await (_state.Current?.DisposeAsync() ?? ValueTask.CompletedTask);
        _renewing.Dispose();
    }

    private async ValueTask<State> RefreshAsync(CancellationToken cancellationToken)
    {
        var state = _state;
        if (IsGood(state, clock.Epoch))
        {
            return state;
        }

        if (profiles.All.FirstOrDefault(p => p.Use == ProfileUse.AccessTokens) is not { } profile || issuers.IssuerFor(profile) is not { } issuer)
        {
            return state;
        }

        await _renewing.WaitAsync(cancellationToken);
        try
        {
            var epoch = clock.Epoch;
            state = _state;
            if (!IsGood(state, epoch))
            {
                _state = state = await RenewAsync(state, profile, issuer, epoch, cancellationToken);
            }

            return state;
        }
        finally
        {
            _renewing.Release();
        }
    }

    private bool IsGood(State state, long epoch) => state.Current is { IsAway: false } current && state.Epoch == epoch && HelperCertificates.IsFresh(current.Certificate, time.GetUtcNow());

    private async ValueTask<State> RenewAsync(State state, CertificateProfile profile, Issuer issuer, long epoch, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var former = ImmutableArray.CreateBuilder<FormerSigner>();
        foreach (var old in state.Former.Where(f => now < f.Until))
        {
            if (await IsUnrevokedAsync(old.Signer, cancellationToken))
            {
                former.Add(old);
            }
        }

        if (state.Current is { } current && await IsUnrevokedAsync(current, cancellationToken))
        {
            if (!current.IsAway && HelperCertificates.IsFresh(current.Certificate, now))
            {
                return new State(current, former.ToImmutable(), epoch);
            }

            former.Add(new FormerSigner(current, now + options.TokenLifetime)); // not disposed: something may just be signed with it
        }

        var (key, certificate) = await helpers.ObtainAsync(Role, profile, issuer, cancellationToken);
        return new State(new TokenSigner(key, certificate, issuer.Chain, providers), former.ToImmutable(), epoch);
    }

    private async ValueTask<bool> IsUnrevokedAsync(TokenSigner signer, CancellationToken cancellationToken) =>
        issuers.FindIssuerOf(signer.Certificate) is { } issuer && await certificates.FindStatusAsync(issuer.Name, signer.Certificate.SerialNumber, cancellationToken) is CertificateStatus.Good;

    /// <param name="Until">When the last of its tokens has ended.</param>
    private sealed record FormerSigner(TokenSigner Signer, DateTimeOffset Until);

    /// <param name="Epoch">The revocation epoch at which their certificates were looked up.</param>
    private sealed record State(TokenSigner? Current, ImmutableArray<FormerSigner> Former, long Epoch);
}
