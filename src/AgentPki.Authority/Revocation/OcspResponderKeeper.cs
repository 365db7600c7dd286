using System.Collections.Concurrent;
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
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation;

/// <summary>
/// Keeps one delegated responder per CA that has a profile for it. Keys are of the CA's own kind where the profile takes that, kept no worse than the CA's key, and change every quarter; the
/// certificate is renewed when two thirds of its life have passed. A start finds what is there and makes nothing anew. While the token with its key is away, one with a key in another token takes its place.
/// </summary>
internal sealed class OcspResponderKeeper(
    ProfileCatalog profiles,
    IssuerDirectory issuers,
    ICertificateStore certificates,
    ApplianceEnrollment appliance,
    KeyMaker keys,
    CryptoProviders providers,
    RevocationClock revocations,
    AuthorityOptions options,
    TimeProvider time,
    ILogger<OcspResponderKeeper> logger) : IAsyncDisposable
{
    private const int MostKeysInAQuarter = 9;
    private readonly ConcurrentDictionary<string, OcspResponder> _responders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _renewing = new(StringComparer.Ordinal);
    private readonly RetryGate _retries = new(revocations, time);

    /// <summary>The responder of that CA; null when no profile provides for one.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<OcspResponder?> CurrentAsync(Issuer issuer, CancellationToken cancellationToken)
    {
        if (_responders.TryGetValue(issuer.Name, out var current) && IsFresh(current))
        {
            return current;
        }

        if (profiles.All.FirstOrDefault(p => p.Use == ProfileUse.OcspResponder && p.Issuer == issuers.LineageOf(issuer.Name)) is not { } profile)
        {
            return null;
        }

        // RFC 6960 §4.2.2.2: a delegated responder is certified by the very CA that it answers for.
        profile = profile.Issuer == issuer.Name ? profile : profile with { Issuer = issuer.Name };

        // Each CA by itself: one whose responder cannot be made holds up nobody else's.
        var renewing = _renewing.GetOrAdd(issuer.Name, static _ => new SemaphoreSlim(1, 1));
        await renewing.WaitAsync(cancellationToken);
        try
        {
            return await CheckOrRenewAsync(issuer, profile, cancellationToken);
        }
        finally
        {
            renewing.Release();
        }
    }

    /// <summary>Whether a responder's own certificate is neither revoked nor held; asked of the store once for each revocation among its CA's certificates.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<bool> IsGoodAsync(OcspResponder responder, CancellationToken cancellationToken)
    {
        var epoch = revocations.EpochOf(responder.Issuer.Name);
        if (responder.CheckedEpoch == epoch)
        {
            return true;
        }

        if (await certificates.FindStatusAsync(responder.Issuer.Name, responder.Certificate.SerialNumber, cancellationToken) is not CertificateStatus.Good)
        {
            return false;
        }

        responder.CheckedEpoch = epoch;
        return true;
    }

    /// <summary>Makes every responder that is wanted: at start, so that the first request does not wait for it. One that cannot be made is logged, and the others are made.</summary>
    public async ValueTask EnsureAllAsync(CancellationToken cancellationToken)
    {
        foreach (var issuer in issuers.All)
        {
            try
            {
                await CurrentAsync(issuer, cancellationToken);
            }
            catch (Exception failure) when (failure is KeyUnavailableException or StoreUnavailableException or InvalidOperationException)
            {
                Log.ResponderNotReady(logger, issuer.Name, failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var responder in _responders.Values)
        {
            await responder.DisposeAsync();
        }

        foreach (var renewing in _renewing.Values)
        {
            renewing.Dispose();
        }
    }

    // The answers it signs are wanted after every revocation; whether it was itself revoked is asked once for each.
    private bool IsFresh(OcspResponder responder) => !responder.IsAway && HelperCertificates.IsFresh(responder.Certificate, time.GetUtcNow()) && responder.CheckedEpoch == revocations.EpochOf(responder.Issuer.Name);

    private async ValueTask<OcspResponder> CheckOrRenewAsync(Issuer issuer, CertificateProfile profile, CancellationToken cancellationToken)
    {
        var epoch = revocations.EpochOf(issuer.Name);
        if (_responders.TryGetValue(issuer.Name, out var current) && await IsGoodAsync(current, cancellationToken))
        {
            if (!current.IsAway && HelperCertificates.IsFresh(current.Certificate, time.GetUtcNow()))
            {
                return current;
            }
        }
        else
        {
            current = null;
        }

        // Renewal is early on purpose: the old one serves until it ends. One whose key is away serves when that is back, if no other can be had.
        var inReserve = current is not null && current.Certificate.IsValidAt(time.GetUtcNow()) ? current : null;
        if (_retries.WhyTooEarly(issuer.Name) is { } tooEarly)
        {
            return inReserve ?? throw tooEarly;
        }

        var before = revocations.Epoch;
        try
        {
            var renewed = await RenewAsync(issuer, profile, cancellationToken);
            renewed.CheckedEpoch = epoch;
            _retries.Succeeded(issuer.Name);
            return _responders[issuer.Name] = renewed;
        }
        catch (KeyUnavailableException failure)
        {
            _retries.Failed(issuer.Name, failure, before);
            if (inReserve is null)
            {
                throw;
            }

            return inReserve;
        }
    }

    private async ValueTask<OcspResponder> RenewAsync(Issuer issuer, CertificateProfile profile, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        for (var attempt = 1; attempt <= MostKeysInAQuarter; attempt++)
        {
            var quarter = string.Create(CultureInfo.InvariantCulture, $"{now.Year}q{((now.Month - 1) / 3) + 1}{(attempt == 1 ? "" : $"-{attempt}")}");
            var (key, isNew) = await keys.OpenOrGenerateForAsync(issuer, $"ocsp-{quarter}", profile.KeyAlgorithms, KeyPurpose.OcspResponder, AuditTrail.Appliance, cancellationToken);
            if (await MakeAsync(issuer, profile, key, isNew, now, cancellationToken) is { } responder)
            {
                return responder;
            }
        }

        throw new KeyUnavailableException($"Every OCSP responder key of CA '{issuer.Name}' in this quarter was revoked.", TimeSpan.FromHours(1));
    }

    /// <summary>Null: the key is spent, and closed.</summary>
    private async ValueTask<OcspResponder?> MakeAsync(Issuer issuer, CertificateProfile profile, ISigningKey key, bool isNew, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var isTaken = false;
        try
        {
            var known = await certificates.ListByKeyAsync(key.PublicKey.Fingerprint(), 32, cancellationToken);
            if (!isNew && known.Count == 0)
            {
                await keys.RecordFoundAsync(key, AuditTrail.Appliance);
            }

            if (await HelperCertificates.IsSpentAsync(certificates, key, known, cancellationToken))
            {
                return null;
            }

            var certificate = HelperCertificates.FindFresh(known, issuer, profile, now) ?? await IssueAsync(issuer, profile, key, cancellationToken);
            Log.ResponderReady(logger, issuer.Name, certificate.SerialHex, certificate.NotAfter);
            isTaken = true;
            return new OcspResponder(issuer, certificate, GuardedKey.Take(providers, key), options.OcspResponderByName);
        }
        finally
        {
            if (!isTaken)
            {
                await key.DisposeAsync();
            }
        }
    }

    private async ValueTask<X509.Certificates.Certificate> IssueAsync(Issuer issuer, CertificateProfile profile, ISigningKey key, CancellationToken cancellationToken) =>
        await appliance.IssueAsync(profile, key.PublicKey, $"OCSP responder of {issuer.Name}", [], cancellationToken) switch
        {
            Outcome<EnrollmentOutcome.Issued>.Done(var issued) => issued.Certificate,
            Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => throw new KeyUnavailableException($"CA '{issuer.Name}' has no OCSP responder: {problem.Detail}.", problem.RetryAfter ?? TimeSpan.FromMinutes(1)),
            _ => throw new UnreachableException(),
        };
}
