using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// What a request with a relatedCertRequest (RFC 9763 §3.2) must fulfil: the certificate it names is known or brought along, is good, is the same agent's, and its key signed the request
/// just now. Nothing is fetched from anywhere.
/// </summary>
internal sealed class RelatedCertificateRules(ICertificateStore certificates, IssuerDirectory issuers, CryptoProviders providers, AuthorityOptions options, TimeProvider time)
{
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(1);

    /// <summary>The related certificate; null without a problem when the request names none.</summary>
    public async ValueTask<(Certificate? Related, PkiProblem? Problem)> CheckAsync(Pkcs10Request csr, CertificateProfile profile, EnrollmentKind kind, NamedRequest named, CancellationToken cancellationToken)
    {
        if (csr.RelatedCertificate is not { } request)
        {
            return (null, null);
        }

        if (!profile.RelatedCertificates || kind == EnrollmentKind.ServerKeygen)
        {
            return Violation(kind == EnrollmentKind.ServerKeygen ? "a related certificate is for keys that the requester holds, not for one that the appliance makes" : $"profile '{profile.Name}' takes no relatedCertRequest");
        }

        // §3.2: the request is fresh. A copy of the attribute could otherwise be put into any later request.
        var now = time.GetUtcNow();
        if (request.RequestTime < now - options.RelatedRequestLifetime || request.RequestTime > now + ClocksDiffer)
        {
            return Proof($"the relatedCertRequest was signed at {request.RequestTime:u}; it is taken for {options.RelatedRequestLifetime.TotalMinutes:0} minutes: sign a new one, and check the clock");
        }

        var (related, problem) = await FindAsync(request, named, now, cancellationToken);
        if (related is null)
        {
            return (null, problem);
        }

        if (!request.VerifySignature(related, providers))
        {
            return Proof("the relatedCertRequest is not signed with the key of the certificate it names");
        }

        if (related.PublicKey.Equals(csr.PublicKey) || related.PublicKey.Equals(csr.AlternativePublicKey))
        {
            return Violation("the related certificate is over the same key: a pair has two keys");
        }

        return MissingUsage(related, profile) is { } missing ? Violation(missing) : (related, null);
    }

    private async ValueTask<(Certificate? Related, PkiProblem? Problem)> FindAsync(RelatedCertificateRequest request, NamedRequest named, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Of a CA of this appliance the store says everything; what the request brings along says nothing more.
        if (issuers.FindBySubject(request.Issuer) is { } issuer)
        {
            return await certificates.FindAsync(issuer.Name, request.SerialNumber, cancellationToken) switch
            {
                null => Violation("the related certificate was never issued by the CA that it names"),
                { Status: not CertificateStatus.Good } => Violation("the related certificate is revoked"),
                { Certificate: var c } when c.AgentId != named.AgentId => Violation("the related certificate is not this agent's"),
                { Certificate: var c } when c.NotBefore > now || c.NotAfter < now => Violation($"the related certificate is valid from {c.NotBefore:u} to {c.NotAfter:u} only"),
                { Certificate: var c } => await issuers.WhyNotUsableAsync(issuer, now, cancellationToken) is { } unusable ? Violation(unusable) : (Certificate.Parse(c.Der), null),
            };
        }

        if (request.FindEmbedded() is not { } embedded)
        {
            return Violation("the related certificate is not of this appliance and not in the request: give it as a data: location; other locations are not read (docs/divergences.md)");
        }

        if (CertificateChain.Validate(embedded, [], options.RelatedAnchors, new ChainOptions(now), providers) is not ChainResult.Valid)
        {
            return Violation("the related certificate is of no CA that this appliance trusts for that");
        }

        // Another CA knows no agents of ours: what makes it the same one is a name in common. Without this, whoever saw the attribute in another's request could use it in his own.
        return embedded.SubjectAlternativeNames.Any(named.Names.Contains) ? (embedded, null) : Violation("the related certificate is not this agent's: it shares no subject alternative name with the new one");
    }

    // §4.1: what the new certificate asserts, the related one asserts too.
    private static string? MissingUsage(Certificate related, CertificateProfile profile)
    {
        const KeyUsages kinds = KeyUsages.DigitalSignature | KeyUsages.NonRepudiation;
        if (related.KeyUsages is { } usages && (profile.KeyUsage & kinds & ~usages) != 0)
        {
            return $"the related certificate is not for {profile.KeyUsage & kinds & ~usages}, as the new one would be";
        }

        return related.ExtendedKeyUsages is { } purposes && profile.ExtendedKeyUsage.Any(p => !purposes.Contains(p)) ? "the related certificate lacks a key purpose that the new one would have" : null;
    }

    private static (Certificate?, PkiProblem?) Violation(string detail) => (null, new PkiProblem(PkiProblemKind.PolicyViolation, $"{detail} (RFC 9763 §3.2)"));

    private static (Certificate?, PkiProblem?) Proof(string detail) => (null, new PkiProblem(PkiProblemKind.BadProofOfPossession, $"{detail} (RFC 9763 §3.2)"));
}
