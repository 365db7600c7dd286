using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Keys;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Enrollment;

/// <summary>The appliance's own certificates (TLS server, CMS signer, OCSP responder), issued by the same path as everybody's.</summary>
public sealed class ApplianceEnrollment
{
    private const string Protocol = "appliance";
    private readonly ProfileCatalog _profiles;
    private readonly CertificateAuthority _authority;
    private readonly IssuerDirectory _issuers;
    private readonly AuditTrail _audit;

    internal ApplianceEnrollment(ProfileCatalog profiles, CertificateAuthority authority, IssuerDirectory issuers, AuditTrail audit) =>
        (_profiles, _authority, _issuers, _audit) = (profiles, authority, issuers, audit);

    /// <summary>Certifies a key that the appliance itself holds.</summary>
    /// <param name="use">Not <see cref="ProfileUse.Agent"/>: agents enrol through the registration authority.</param>
    /// <exception cref="KeyUnavailableException">The CA's token cannot sign now.</exception>
    /// <exception cref="Store.StoreUnavailableException">The store cannot write now.</exception>
    public async ValueTask<Outcome<EnrollmentOutcome.Issued>> IssueAsync(ProfileUse use, PublicKey key, string commonName, IReadOnlyList<GeneralName> names, CancellationToken cancellationToken)
    {
        if (use == ProfileUse.Agent)
        {
            throw new ArgumentException("Agents enrol through the registration authority.", nameof(use));
        }

        return await IssueAsync(_profiles.Require(use), key, commonName, names, cancellationToken);
    }

    internal ValueTask<Outcome<EnrollmentOutcome.Issued>> IssueAsync(CertificateProfile profile, PublicKey key, string commonName, IReadOnlyList<GeneralName> names, CancellationToken cancellationToken) =>
        IssueAsync(profile, key, commonName, names, AuditTrail.Appliance, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), cancellationToken);

    /// <param name="actor">Who asked for it.</param>
    internal async ValueTask<Outcome<EnrollmentOutcome.Issued>> IssueAsync(
        CertificateProfile profile, PublicKey key, string commonName, IReadOnlyList<GeneralName> names, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (Check(profile, key, names) is { } wrong)
        {
            return await RefuseAsync(new PkiProblem(PkiProblemKind.PolicyViolation, $"profile '{profile.Name}': {wrong}"), profile, actor, correlationId, cancellationToken);
        }

        var approved = new ApprovedEnrollment(
            profile,
            X500Name.Create((Oids.CommonName, commonName)),
            names,
            key,
            Agent: null,
            actor,
            CredentialName: null,
            ApprovalId: null,
            Renews: null,
            Protocol,
            correlationId);
        return await _authority.IssueAsync(approved, cancellationToken) switch
        {
            Outcome<Certificate>.Done(var certificate) => new Outcome<EnrollmentOutcome.Issued>.Done(new EnrollmentOutcome.Issued(certificate, _issuers.IssuerFor(profile)?.Chain ?? [], null)),
            Outcome<Certificate>.Refused(var problem) => await RefuseAsync(problem, profile, actor, correlationId, cancellationToken),
            _ => throw new UnreachableException(),
        };
    }

    private static string? Check(CertificateProfile profile, PublicKey key, IReadOnlyList<GeneralName> names) =>
        profile.KeyAlgorithms.Contains(key.Algorithm) ? KeyHygiene.Check(key) ?? NameRules.Check(names, 0, profile.Names) : $"it does not take a {key.Algorithm} key";

    private async ValueTask<Outcome<EnrollmentOutcome.Issued>> RefuseAsync(PkiProblem problem, CertificateProfile profile, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(actor, problem, Protocol, correlationId, profile.Name), cancellationToken);
        return new Outcome<EnrollmentOutcome.Issued>.Refused(problem);
    }
}
