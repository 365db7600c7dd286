using System.Diagnostics;
using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Ceremony;

/// <summary>What one who signs on behalf of a CA is for.</summary>
/// <param name="Suffix">What its key's label ends in.</param>
/// <param name="Title">Its certificate's common name, before the CA's name; and what it is called in texts.</param>
/// <param name="Algorithms">Kinds of keys it may have, beside what the profile says.</param>
internal sealed record HelperRole(string Suffix, KeyPurpose Purpose, string Title, Func<KeyAlgorithm, bool> Algorithms);

/// <summary>
/// Gets the key and the certificate of one who signs on behalf of a CA: a key beside its CA's key, made when it is first needed, another one when its certificate was revoked.
/// </summary>
internal sealed class HelperSigners(ICertificateStore certificates, ApplianceEnrollment appliance, KeyMaker keys, TimeProvider time)
{
    private const int MostKeys = 100;

    /// <exception cref="KeyUnavailableException">The token cannot make or open the key, or the CA cannot sign.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read or written.</exception>
    public async ValueTask<(ISigningKey Key, Certificate Certificate)> ObtainAsync(HelperRole role, CertificateProfile profile, Issuer issuer, CancellationToken cancellationToken)
    {
        var algorithms = profile.KeyAlgorithms.Where(role.Algorithms).ToList();
        for (var attempt = 1; attempt <= MostKeys; attempt++)
        {
            var suffix = attempt == 1 ? role.Suffix : string.Create(CultureInfo.InvariantCulture, $"{role.Suffix}-{attempt}");
            var (key, isNew) = await keys.OpenOrGenerateForAsync(issuer, suffix, algorithms, role.Purpose, AuditTrail.Appliance, cancellationToken);
            var known = await certificates.ListByKeyAsync(key.PublicKey.Fingerprint(), 32, cancellationToken);
            if (!isNew && known.Count == 0)
            {
                await keys.RecordFoundAsync(key, AuditTrail.Appliance);
            }

            if (!await HelperCertificates.IsSpentAsync(certificates, key, known, cancellationToken))
            {
                return (key, HelperCertificates.FindFresh(known, issuer, profile, time.GetUtcNow()) ?? await IssueAsync(role, profile, issuer, key, cancellationToken));
            }

            await key.DisposeAsync();
        }

        throw new KeyUnavailableException($"Every key of '{role.Title}' beside CA '{issuer.Name}' was revoked.", TimeSpan.FromHours(1));
    }

    private async ValueTask<Certificate> IssueAsync(HelperRole role, CertificateProfile profile, Issuer issuer, ISigningKey key, CancellationToken cancellationToken) =>
        await appliance.IssueAsync(profile, key.PublicKey, $"{role.Title} of {issuer.Name}", [], cancellationToken) switch
        {
            Outcome<EnrollmentOutcome.Issued>.Done(var issued) => issued.Certificate,
            Outcome<EnrollmentOutcome.Issued>.Refused(var problem) => throw new KeyUnavailableException($"CA '{issuer.Name}' has no signer for '{role.Title}': {problem.Detail}.", problem.RetryAfter ?? TimeSpan.FromMinutes(1)),
            _ => throw new UnreachableException(),
        };
}
