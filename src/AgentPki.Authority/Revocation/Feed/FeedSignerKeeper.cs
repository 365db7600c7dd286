using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>
/// Keeps the feed's signer: a key beside its CA's key, made when it is first needed, another one when its certificate was revoked, and a certificate renewed when two thirds of its life
/// have passed. While the token with its key is away, one with a key in another token takes its place. Used by the feed's loop and its snapshots, one at a time.
/// </summary>
internal sealed class FeedSignerKeeper(
    ProfileCatalog profiles,
    IssuerDirectory issuers,
    ICertificateStore certificates,
    HelperSigners helpers,
    CommitWriter commits,
    CryptoProviders providers,
    TimeProvider time) : IAsyncDisposable
{
    private static readonly HelperRole Role = new("feed", KeyPurpose.RevocationFeed, "Revocation feed", a => JwsAlgorithm.For(a) is not null);
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private FeedSigner? _current;
    private long _checkedEpoch = -1;

    /// <summary>Whether a profile provides for a signer.</summary>
    public bool IsProvidedFor => profiles.All.Any(p => p.Use == ProfileUse.RevocationFeed);

    /// <summary>The signer as of now; null when no profile provides for one.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<FeedSigner?> CurrentAsync(CancellationToken cancellationToken)
    {
        if (profiles.All.FirstOrDefault(p => p.Use == ProfileUse.RevocationFeed) is not { } profile || issuers.IssuerFor(profile) is not { } issuer)
        {
            return null;
        }

        await _renewing.WaitAsync(cancellationToken);
        try
        {
            var epoch = commits.Revocations.Epoch;
            if (_current is { IsAway: false } current && HelperCertificates.IsFresh(current.Certificate, time.GetUtcNow()) && (epoch == _checkedEpoch || await IsGoodAsync(current, cancellationToken)))
            {
                _checkedEpoch = epoch;
                return current;
            }

            // A predecessor is not disposed: something may just be signed with it.
            (_current, _checkedEpoch) = (await RenewAsync(profile, issuer, cancellationToken), epoch);
            return _current;
        }
        finally
        {
            _renewing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_current is { } signer)
        {
            await signer.DisposeAsync();
        }

        _renewing.Dispose();
    }

    private async ValueTask<bool> IsGoodAsync(FeedSigner signer, CancellationToken cancellationToken) =>
        issuers.FindIssuerOf(signer.Certificate) is { } issuer && await certificates.FindStatusAsync(issuer.Name, signer.Certificate.SerialNumber, cancellationToken) is CertificateStatus.Good;

    private async ValueTask<FeedSigner> RenewAsync(CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        var (key, certificate) = await helpers.ObtainAsync(Role, profile, issuer, cancellationToken);
        var signer = new FeedSigner(key, certificate, issuer.Chain, HelperCertificates.RenewAt(certificate), providers);
        await commits.CommitAsync(new CommitRequest(null, [new StoreChange.AddFeedSigner(signer.Thumbprint, signer.Chain, certificate.NotAfter)]), cancellationToken);
        return signer;
    }
}
