using System.Collections.Immutable;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Authority.Spiffe;

/// <summary>
/// Keeps the signer of JWT-SVIDs: a key beside its CA's key, made when it is first needed, another one when its certificate was revoked, and a certificate renewed when two thirds of its
/// life have passed. A predecessor verifies until its tokens have ended, unless it was revoked.
/// </summary>
internal sealed class JwtSvidSignerKeeper(
    ProfileCatalog profiles, IssuerDirectory issuers, ICertificateStore certificates, HelperSigners helpers, RevocationClock clock, CryptoProviders providers, TimeProvider time) : IAsyncDisposable
{
    private static readonly HelperRole Role = new("jwt", KeyPurpose.JwtSvid, "JWT-SVIDs", a => JwsAlgorithm.For(a) is not null);
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private JwtSvidSigner? _current;
    private long _checkedEpoch = -1;
    private ImmutableArray<(JwtSvidSigner Signer, DateTimeOffset Until)> _former = [];

    /// <summary>Whether a profile provides for a signer.</summary>
    public bool IsProvidedFor => profiles.All.Any(p => p.Use == ProfileUse.JwtSvidSigner);

    /// <summary>The signer as of now; null when no profile provides for one.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<JwtSvidSigner?> CurrentAsync(CancellationToken cancellationToken)
    {
        if (profiles.All.FirstOrDefault(p => p.Use == ProfileUse.JwtSvidSigner) is not { } profile || issuers.IssuerFor(profile) is not { } issuer)
        {
            return null;
        }

        await _renewing.WaitAsync(cancellationToken);
        try
        {
            var epoch = clock.Epoch;
            if (_current is { IsAway: false } current && current.Authority == issuer.Name && HelperCertificates.IsFresh(current.Certificate, time.GetUtcNow()) && (epoch == _checkedEpoch || await IsGoodAsync(current, cancellationToken)))
            {
                _checkedEpoch = epoch;
                return current;
            }

            // A predecessor is not disposed: something may just be signed with it.
            var former = _current;
            (_current, _checkedEpoch) = (await RenewAsync(profile, issuer, cancellationToken), epoch);
            if (former is not null && former.Jwk.Thumbprint() != _current.Jwk.Thumbprint())
            {
                _former = [.. _former, (former, time.GetUtcNow() + JwtSvids.Lifetime)];
            }

            return _current;
        }
        finally
        {
            _renewing.Release();
        }
    }

    /// <summary>The keys that verify tokens now: the signer's, and its predecessors' while their tokens last.</summary>
    /// <inheritdoc cref="CurrentAsync"/>
    public async ValueTask<IReadOnlyList<Jwk>> VerifiersAsync(CancellationToken cancellationToken)
    {
        if (await CurrentAsync(cancellationToken) is not { } current)
        {
            return [];
        }

        var all = new List<Jwk> { current.Jwk };
        foreach (var (signer, _) in _former.Where(f => time.GetUtcNow() < f.Until))
        {
            if (await IsGoodAsync(signer, cancellationToken))
            {
                all.Add(signer.Jwk);
            }
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var signer in _former.Select(f => f.Signer).Append(_current).OfType<JwtSvidSigner>())
        {
            await signer.DisposeAsync();
        }

        _renewing.Dispose();
    }

    private async ValueTask<bool> IsGoodAsync(JwtSvidSigner signer, CancellationToken cancellationToken) =>
        await certificates.FindStatusAsync(signer.Authority, signer.Certificate.SerialNumber, cancellationToken) is CertificateStatus.Good;

    private async ValueTask<JwtSvidSigner> RenewAsync(CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        var (key, certificate) = await helpers.ObtainAsync(Role, profile, issuer, cancellationToken);
        return new JwtSvidSigner(key, certificate, issuer.Name, providers);
    }
}
