using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.X509.Extensions;

namespace AgentPki.Authority.Ceremony;

/// <summary>The extensions of CA certificates, by position.</summary>
internal static class AuthorityExtensions
{
    /// <summary>A root: no AKI, no pointers to status information about itself (RFC 5280 §4.2.1.1, §4.2.1.13).</summary>
    /// <param name="alternative">Its second key (X.509 (2019) §9.8.2), or null.</param>
    public static IReadOnlyList<X509Extension> ForRoot(PublicKey key, PublicKey? alternative) =>
    [
        X509Extension.BasicConstraints(true),
        X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
        X509Extension.SubjectKeyIdentifier(key.KeyIdentifier()),
        .. Alternative(alternative),
    ];

    /// <summary>An issuing CA: nothing below it but end entities, and URIs of the appliance's trust domain only.</summary>
    /// <param name="below">RFC 5280 §4.2.1.9 pathLenConstraint: how many CAs may stand between it and end entities after all.</param>
    public static IReadOnlyList<X509Extension> ForIssuing(PublicKey key, PublicKey? alternative, Issuer parent, AuthorityOptions options, bool constrainTrustDomain, int below = 0)
    {
        var extensions = new List<X509Extension>
        {
            X509Extension.AuthorityKeyIdentifier(parent.Certificate.SubjectKeyIdentifier),
            // RFC 5280 §4.2.1.9
            X509Extension.BasicConstraints(true, pathLength: below),
            X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign),
            X509Extension.SubjectKeyIdentifier(key.KeyIdentifier()),
            X509Extension.CrlDistributionPoints(options.CertificateListUrl(parent.Name)),
            // The root answers no OCSP: its CRL says what became of issuing CAs.
            X509Extension.AuthorityInformationAccess([], [options.CertificateUrl(parent.Name)]),
        };
        extensions.AddRange(Alternative(alternative));
        if (constrainTrustDomain)
        {
            // RFC 5280 §4.2.1.10: a URI's host is the trust domain of a SPIFFE ID. Other kinds of names stay free.
            extensions.Insert(3, X509Extension.NameConstraints([new NameSubtree.UriHost(options.TrustDomain)]));
        }

        return extensions;
    }

    private static X509Extension[] Alternative(PublicKey? key) => key is null ? [] : [X509Extension.SubjectAltPublicKeyInfo(key)];
}
