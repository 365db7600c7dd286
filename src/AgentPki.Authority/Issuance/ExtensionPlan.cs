using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>
/// The extensions of one profile's certificates from one issuer, in one shard of its CRLs. All but two are the same every time and are encoded once;
/// subjectKeyIdentifier and subjectAltName come from the request.
/// </summary>
internal sealed class ExtensionPlan
{
    private readonly X509Extension[] _before;
    private readonly X509Extension[] _after;
    private readonly string _policyOid;
    private readonly bool _policyIsCritical;

    public ExtensionPlan(CertificateProfile profile, string issuerName, int shard, Certificate issuer, AuthorityOptions options)
    {
        // RFC 5280 §4.2.1.1, §4.2.1.3, §4.2.1.12
        var before = new List<X509Extension> { X509Extension.AuthorityKeyIdentifier(issuer.SubjectKeyIdentifier), X509Extension.KeyUsage(profile.KeyUsage) };
        if (!profile.ExtendedKeyUsage.IsEmpty)
        {
            before.Add(X509Extension.ExtendedKeyUsage(profile.ExtendedKeyUsage));
        }

        (_policyOid, _policyIsCritical) = (options.AgentPolicyOid, profile.PolicyIsCritical);
        _before = [.. before];
        _after = [.. After(profile, issuerName, shard, options)];
    }

    /// <summary>All extensions of one certificate, in a fixed order.</summary>
    internal X509Extension[] For(ApprovedEnrollment approved)
    {
        var extensions = For(approved.PublicKey, approved.Names, approved.Subject.IsEmpty);
        // X.509 (2019) §9.8.2
        if (approved.AlternativePublicKey is { } alternative)
        {
            extensions = [.. extensions, X509Extension.SubjectAltPublicKeyInfo(alternative)];
        }

        // docs/agent-policy.md: whoever has limits has them in every certificate.
        if (approved.Policy is { } policy)
        {
            extensions = [.. extensions, policy.ToExtension(_policyOid, _policyIsCritical)];
        }

        // RFC 9763 §4.1
        return approved.RelatedCertificate is { } related ? [.. extensions, RelatedCertificate.To(related).ToExtension()] : extensions;
    }

    /// <summary>Those that every certificate of the plan has.</summary>
    /// <param name="emptySubject">RFC 5280 §4.1.2.6: then subjectAltName is critical.</param>
    public X509Extension[] For(PublicKey key, IReadOnlyList<GeneralName> names, bool emptySubject)
    {
        var extensions = new X509Extension[_before.Length + 1 + (names.Count > 0 ? 1 : 0) + _after.Length];
        _before.CopyTo(extensions, 0);
        var next = _before.Length;
        // RFC 5280 §4.2.1.2, RFC 7093 §2 method 1
        extensions[next++] = X509Extension.SubjectKeyIdentifier(key.KeyIdentifier());
        if (names.Count > 0)
        {
            // RFC 5280 §4.2.1.6
            extensions[next++] = X509Extension.SubjectAlternativeName(names, emptySubject);
        }

        _after.CopyTo(extensions, next);
        return extensions;
    }

    private static IEnumerable<X509Extension> After(CertificateProfile profile, string issuerName, int shard, AuthorityOptions options)
    {
        var status = profile.Status;
        if (!profile.Policies.IsEmpty)
        {
            // RFC 5280 §4.2.1.4
            yield return X509Extension.CertificatePolicies(profile.Policies);
        }

        if (status.CertificateList)
        {
            // RFC 5280 §4.2.1.13
            yield return X509Extension.CrlDistributionPoints(options.CertificateListUrl(issuerName, shard));
        }

        if (status.DeltaList)
        {
            // RFC 5280 §4.2.1.15
            yield return X509Extension.FreshestCrl(options.DeltaListUrl(issuerName, shard));
        }

        if (status.Ocsp || status.CaIssuers)
        {
            // RFC 5280 §4.2.2.1
            yield return X509Extension.AuthorityInformationAccess(status.Ocsp ? [options.OcspUrl] : [], status.CaIssuers ? [options.CertificateUrl(issuerName)] : []);
        }

        if (status.NoRevocationAvailable)
        {
            // RFC 9608 §2
            yield return X509Extension.NoRevocationAvailable();
        }

        if (profile.Use == ProfileUse.OcspResponder)
        {
            // RFC 6960 §4.2.2.2.1
            yield return X509Extension.OcspNoCheck();
        }
    }
}
