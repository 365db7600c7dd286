using AgentPki.Cryptography;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Certificates;

/// <summary>What a path must be good for.</summary>
/// <param name="Time">When.</param>
/// <param name="KeyPurpose">Dotted; null for any. The certificate must name it, and every CA that names purposes must allow it.</param>
/// <param name="MaximumLength">Certificates in a path, the anchor included.</param>
public sealed record ChainOptions(DateTimeOffset Time, string? KeyPurpose = null, int MaximumLength = 6)
{
    /// <summary>What is demanded of the second signatures of certificates that have them, or should.</summary>
    public AlternativeSignaturePolicy AlternativeSignatures { get; init; }

    /// <summary>An extension that the caller itself processes, so that it may be critical (RFC 5280 §4.2); dotted, null: none.</summary>
    public string? Understood { get; init; }
}

/// <summary>
/// Builds and checks a path from a certificate to a trust anchor (RFC 5280 §6.1): names, signatures, validity, basic constraints, path length, key usage,
/// key purposes, name constraints, unknown critical extensions, alternative signatures (X.509 (2019) §9.8). Policies are not processed: a path that requires explicit policies is refused for its
/// critical extension. Revocation is asked elsewhere, of the one truth.
/// </summary>
public static class CertificateChain
{
    // A hostile set of intermediates that all fit by name costs a signature check each; honest ones need as many as the path is long.
    private const int MaximumSignatureChecks = 16;

    /// <param name="anchors">Compared octet by octet; an anchor that is itself the certificate to be checked is a path of one.</param>
    public static ChainResult Validate(
        Certificate certificate, IEnumerable<Certificate> intermediates, IEnumerable<Certificate> anchors, ChainOptions options, CryptoProviders providers)
    {
        var search = new Search([.. intermediates], [.. anchors], options, providers);
        return search.Extend([certificate]) ?? search.Failure ?? new ChainResult.Invalid(
            ChainFailure.UnknownIssuer, certificate, $"No trusted issuer named '{certificate.Issuer}' is known.");
    }

    /// <summary>Checks a complete path, the certificate first and its anchor last; null when it is valid.</summary>
    internal static ChainResult.Invalid? CheckPath(IReadOnlyList<Certificate> path, ChainOptions options)
    {
        for (var i = path.Count - 1; i >= 0; i--)
        {
            var failure = CheckOne(path, i, options);
            if (failure is not null)
            {
                return failure;
            }
        }

        return null;
    }

    private static ChainResult.Invalid? CheckOne(IReadOnlyList<Certificate> path, int index, ChainOptions options)
    {
        var certificate = path[index];
        // §6.1.3 (a)(2)
        if (!certificate.IsValidAt(options.Time))
        {
            return options.Time < certificate.NotBefore
                ? new(ChainFailure.NotYetValid, certificate, $"'{certificate.Subject}' is valid from {certificate.NotBefore:u} only.")
                : new(ChainFailure.Expired, certificate, $"'{certificate.Subject}' expired at {certificate.NotAfter:u}.");
        }

        // §6.1.4 (o), §6.1.5 (f)
        if (certificate.Extensions.FirstOrDefault(e => e.Critical && !IsProcessed(e.Oid, options)) is { } unknown)
        {
            return new(ChainFailure.UnknownCriticalExtension, certificate, $"'{certificate.Subject}' has the critical extension {unknown.Oid}, which is not known here.");
        }

        return (index > 0 ? CheckAuthority(path, index) : null) ?? CheckPurpose(certificate, index, options) ?? CheckNames(path, index);
    }

    private static ChainResult.Invalid? CheckAuthority(IReadOnlyList<Certificate> path, int index)
    {
        var issuer = path[index];
        // §6.1.4 (k), (n)
        if (!issuer.IsCertificateAuthority || issuer.KeyUsages is { } usages && (usages & KeyUsages.KeyCertSign) == 0)
        {
            return new(ChainFailure.NotAnAuthority, issuer, $"'{issuer.Subject}' is not allowed to issue certificates.");
        }

        // §6.1.4 (l), (m): the path length counts the intermediate certificates that follow, self-issued ones excepted; the last certificate is not one.
        var following = 0;
        for (var i = 1; i < index; i++)
        {
            following += path[i].IsSelfIssued ? 0 : 1;
        }

        return issuer.BasicConstraints?.PathLength < following
            ? new(ChainFailure.PathTooLong, issuer, $"'{issuer.Subject}' allows {issuer.BasicConstraints.PathLength} authorities below it; there are {following}.")
            : null;
    }

    // §4.2.1.12 for the certificate itself; for a CA the common practice: purposes that it names bound those below it.
    private static ChainResult.Invalid? CheckPurpose(Certificate certificate, int index, ChainOptions options)
    {
        if (options.KeyPurpose is not { } purpose)
        {
            return null;
        }

        var purposes = certificate.ExtendedKeyUsages;
        var allowed = purposes is null ? index > 0 : purposes.Contains(purpose) || (index > 0 && purposes.Contains(Oids.AnyExtendedKeyUsage));
        return allowed ? null : new(ChainFailure.WrongPurpose, certificate, $"'{certificate.Subject}' is not for key purpose {purpose}.");
    }

    // §6.1.3 (b), (c): names of every certificate below a constrained CA, self-issued intermediates excepted.
    private static ChainResult.Invalid? CheckNames(IReadOnlyList<Certificate> path, int index)
    {
        var certificate = path[index];
        if (index > 0 && certificate.IsSelfIssued)
        {
            return null;
        }

        for (var i = index + 1; i < path.Count; i++)
        {
            if (path[i].Fields.NameConstraints is { } constraints && NameConstraintCheck.FindViolation(certificate, constraints) is { } violation)
            {
                return new(ChainFailure.NameNotPermitted, certificate, $"'{path[i].Subject}' does not permit {violation}.");
            }
        }

        return null;
    }

    private static bool IsProcessed(string oid, ChainOptions options) => oid is Oids.BasicConstraints or Oids.KeyUsage or Oids.ExtendedKeyUsage or Oids.SubjectAlternativeName
        or Oids.NameConstraints or Oids.CertificatePolicies or Oids.IssuerAlternativeName or Oids.SubjectKeyIdentifier or Oids.AuthorityKeyIdentifier
        || oid == options.Understood
        || (options.AlternativeSignatures != AlternativeSignaturePolicy.Ignored && oid is Oids.SubjectAltPublicKeyInfo or Oids.AltSignatureAlgorithm or Oids.AltSignatureValue);

    /// <summary>Depth-first over the candidates for issuer, with one bound on signature checks for the whole search.</summary>
    private sealed class Search(List<Certificate> intermediates, List<Certificate> anchors, ChainOptions options, CryptoProviders providers)
    {
        private int _signatureChecks;

        /// <summary>What went wrong on the first path that came furthest.</summary>
        public ChainResult.Invalid? Failure { get; private set; }

        public ChainResult? Extend(List<Certificate> path)
        {
            var last = path[^1];
            if (anchors.Contains(last))
            {
                var failure = CheckPath(path, options) ?? AlternativeSignatureCheck.Check(path, options.AlternativeSignatures, providers);
                Failure ??= failure;
                return failure is null ? new ChainResult.Valid([.. path]) : null;
            }

            if (path.Count == options.MaximumLength)
            {
                Failure ??= new(ChainFailure.PathTooLong, last, $"No anchor within {options.MaximumLength} certificates.");
                return null;
            }

            foreach (var candidate in anchors.Concat(intermediates))
            {
                if (IsCandidate(candidate, last) && !path.Contains(candidate) && VerifyOnce(last, candidate) && Extend([.. path, candidate]) is { } result)
                {
                    return result;
                }
            }

            return null;
        }

        private static bool IsCandidate(Certificate issuer, Certificate subject) =>
            subject.Issuer.Equals(issuer.Subject)
            && (subject.AuthorityKeyIdentifier.IsEmpty || issuer.SubjectKeyIdentifier.IsEmpty || subject.AuthorityKeyIdentifier.Span.SequenceEqual(issuer.SubjectKeyIdentifier.Span));

        private bool VerifyOnce(Certificate subject, Certificate issuer)
        {
            if (_signatureChecks++ < MaximumSignatureChecks && subject.VerifySignature(issuer.PublicKey, providers))
            {
                return true;
            }

            Failure ??= new(ChainFailure.BadSignature, subject, $"The signature of '{subject.Subject}' was not made with the key of '{issuer.Subject}'.");
            return false;
        }
    }
}
