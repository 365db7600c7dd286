using System.Diagnostics;
using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Cms;

/// <summary>
/// Keeps the appliance's CMS signer: a key beside its CA's key, made when it is first needed, another one when its certificate was revoked, and a certificate renewed when two thirds of its
/// life have passed. A start finds what is there and makes nothing anew.
/// </summary>
public sealed class CmsSignerKeeper : IAsyncDisposable
{
    private const int MostKeys = 100;
    private readonly ProfileCatalog _profiles;
    private readonly IssuerDirectory _issuers;
    private readonly ICertificateStore _certificates;
    private readonly ApplianceEnrollment _appliance;
    private readonly KeyMaker _keys;
    private readonly RevocationClock _revocations;
    private readonly RetryGate _retries;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private CmsSigner? _current;

    internal CmsSignerKeeper(
        ProfileCatalog profiles, IssuerDirectory issuers, ICertificateStore certificates, ApplianceEnrollment appliance, KeyMaker keys, RevocationClock revocations, TimeProvider time)
    {
        (_profiles, _issuers, _certificates, _appliance, _keys, _revocations, _time) = (profiles, issuers, certificates, appliance, keys, revocations, time);
        _retries = new RetryGate(revocations, time);
    }

    /// <summary>The signer as of now; null when no profile provides for one.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<CmsSigner?> CurrentAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _current) is { } current && IsFresh(current))
        {
            return current;
        }

        if (_profiles.All.FirstOrDefault(p => p.Use == ProfileUse.CmsSigner) is not { } profile || _issuers.IssuerFor(profile) is not { } issuer)
        {
            return null;
        }

        await _renewing.WaitAsync(cancellationToken);
        try
        {
            return await CheckOrRenewAsync(profile, issuer, cancellationToken);
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

    // Whether its certificate was revoked is asked once for each revocation.
    private bool IsFresh(CmsSigner signer) => !signer.IsAway && HelperCertificates.IsFresh(signer.Certificate, _time.GetUtcNow()) && signer.CheckedEpoch == _revocations.Epoch;

    private async ValueTask<CmsSigner> CheckOrRenewAsync(CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        var epoch = _revocations.Epoch;
        if (_current is { IsAway: false } current && HelperCertificates.IsFresh(current.Certificate, _time.GetUtcNow()) && await IsGoodAsync(current, cancellationToken))
        {
            current.CheckedEpoch = epoch;
            return current;
        }

        if (_retries.WhyTooEarly(issuer.Name) is { } tooEarly)
        {
            throw tooEarly;
        }

        try
        {
            // A predecessor is not disposed: an answer may just be signed with it.
            var renewed = await RenewAsync(profile, issuer, cancellationToken);
            renewed.CheckedEpoch = epoch;
            _retries.Succeeded(issuer.Name);
            return _current = renewed;
        }
        catch (KeyUnavailableException failure)
        {
            _retries.Failed(issuer.Name, failure, epoch);
            throw;
        }
    }

    private async ValueTask<bool> IsGoodAsync(CmsSigner signer, CancellationToken cancellationToken) =>
        _issuers.FindIssuerOf(signer.Certificate) is { } issuer && await _certificates.FindStatusAsync(issuer.Name, signer.Certificate.SerialNumber, cancellationToken) is CertificateStatus.Good;

    private async ValueTask<CmsSigner> RenewAsync(CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MostKeys; attempt++)
        {
            var suffix = attempt == 1 ? "cms" : string.Create(CultureInfo.InvariantCulture, $"cms-{attempt}");
            var (key, _) = await _keys.OpenOrGenerateForAsync(issuer, suffix, profile.KeyAlgorithms, KeyPurpose.CmsSigner, AuditTrail.Appliance, cancellationToken);
            if (await MakeAsync(profile, issuer, key, cancellationToken) is { } signer)
            {
                return signer;
            }
        }

        throw new KeyUnavailableException($"Every CMS signer's key beside CA '{issuer.Name}' was revoked.", TimeSpan.FromHours(1));
    }

    /// <summary>Null: the key is spent, and closed.</summary>
    private async ValueTask<CmsSigner?> MakeAsync(CertificateProfile profile, Issuer issuer, ISigningKey key, CancellationToken cancellationToken)
    {
        CmsSigner? made = null;
        try
        {
            var known = await _certificates.ListByKeyAsync(key.PublicKey.Fingerprint(), 32, cancellationToken);
            if (await HelperCertificates.IsSpentAsync(_certificates, key, known, cancellationToken))
            {
                return null;
            }

            return made = new CmsSigner(key, HelperCertificates.FindFresh(known, issuer, profile, _time.GetUtcNow()) ?? await IssueAsync(profile, issuer, key, cancellationToken), issuer.Chain);
        }
        finally
        {
            if (made is null)
            {
                await key.DisposeAsync();
            }
        }
    }

    private async ValueTask<Certificate> IssueAsync(CertificateProfile profile, Issuer issuer, ISigningKey key, CancellationToken cancellationToken) =>
        await _appliance.IssueAsync(profile, key.PublicKey, $"CMS signer of {issuer.Name}", [], cancellationToken) switch
        {
            Outcome<EnrollmentOutcome.Issued>.Done(var issued) => issued.Certificate,
            Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => throw new KeyUnavailableException($"CA '{issuer.Name}' has no CMS signer: {problem.Detail}.", problem.RetryAfter ?? TimeSpan.FromMinutes(1)),
            _ => throw new UnreachableException(),
        };
}
