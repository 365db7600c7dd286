using System.Diagnostics;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Cms;

/// <summary>
/// Keeps the appliance's CMS signer: a key beside its CA's key, made when it is first needed, and a certificate renewed when two thirds of its life have
/// passed. A start finds what is there and makes nothing anew.
/// </summary>
public sealed class CmsSignerKeeper : IAsyncDisposable
{
    private readonly ProfileCatalog _profiles;
    private readonly IssuerDirectory _issuers;
    private readonly ICertificateStore _certificates;
    private readonly ApplianceEnrollment _appliance;
    private readonly KeyMaker _keys;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private CmsSigner? _current;

    internal CmsSignerKeeper(ProfileCatalog profiles, IssuerDirectory issuers, ICertificateStore certificates, ApplianceEnrollment appliance, KeyMaker keys, TimeProvider time) =>
        (_profiles, _issuers, _certificates, _appliance, _keys, _time) = (profiles, issuers, certificates, appliance, keys, time);

    /// <summary>The signer as of now; null when no profile provides for one.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<CmsSigner?> CurrentAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _current) is { } current && _time.GetUtcNow() < current.RenewAt)
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
            // A predecessor is not disposed: an answer may just be signed with it, and its key is the same.
            return _current is { } renewed && _time.GetUtcNow() < renewed.RenewAt ? renewed : _current = await RenewAsync(profile, issuer, cancellationToken);
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

    private async ValueTask<CmsSigner> RenewAsync(CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        var (key, _) = await _keys.OpenOrGenerateForAsync(issuer, "cms", profile.KeyAlgorithms, KeyPurpose.CmsSigner, AuditTrail.Appliance, cancellationToken);
        var known = await _certificates.ListByKeyAsync(key.PublicKey.Fingerprint(), 32, cancellationToken);
        var certificate = known.Where(c => c.Status is CertificateStatus.Good && c.Certificate.Authority == issuer.Name && c.Certificate.Profile == profile.Name)
            .Select(c => Certificate.Parse(c.Certificate.Der)).FirstOrDefault(c => RenewAt(c) > _time.GetUtcNow()) ?? await IssueAsync(profile, issuer, key, cancellationToken);
        return new CmsSigner(key, certificate, issuer.Chain, RenewAt(certificate));
    }

    private async ValueTask<Certificate> IssueAsync(CertificateProfile profile, Issuer issuer, ISigningKey key, CancellationToken cancellationToken) =>
        await _appliance.IssueAsync(profile, key.PublicKey, $"CMS signer of {issuer.Name}", [], cancellationToken) switch
        {
            Outcome<EnrollmentOutcome.Issued>.Done(var issued) => issued.Certificate,
            Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => throw new KeyUnavailableException($"CA '{issuer.Name}' has no CMS signer: {problem.Detail}.", problem.RetryAfter ?? TimeSpan.FromMinutes(1)),
            _ => throw new UnreachableException(),
        };

    private static DateTimeOffset RenewAt(Certificate certificate) => certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * 2 / 3);
}
