namespace AgentPki.X509;

/// <summary>The object identifiers of PKIX objects, dotted.</summary>
public static class Oids
{
    // X.520 attribute types and friends (RFC 4519, RFC 5280 §4.1.2.4).
    public const string CommonName = "2.5.4.3";
    public const string Surname = "2.5.4.4";
    public const string SerialNumber = "2.5.4.5";
    public const string Country = "2.5.4.6";
    public const string Locality = "2.5.4.7";
    public const string StateOrProvince = "2.5.4.8";
    public const string Street = "2.5.4.9";
    public const string Organization = "2.5.4.10";
    public const string OrganizationalUnit = "2.5.4.11";
    public const string Title = "2.5.4.12";
    public const string GivenName = "2.5.4.42";
    public const string DnQualifier = "2.5.4.46";
    public const string Pseudonym = "2.5.4.65";
    public const string UserId = "0.9.2342.19200300.100.1.1";
    public const string DomainComponent = "0.9.2342.19200300.100.1.25";
    public const string EmailAddress = "1.2.840.113549.1.9.1";

    // Certificate and CRL extensions (RFC 5280 §4.2, §5.2, §5.3; RFC 9608; X.509 (2019) §9.8).
    public const string SubjectKeyIdentifier = "2.5.29.14";
    public const string KeyUsage = "2.5.29.15";
    public const string SubjectAlternativeName = "2.5.29.17";
    public const string IssuerAlternativeName = "2.5.29.18";
    public const string BasicConstraints = "2.5.29.19";
    public const string CrlNumber = "2.5.29.20";
    public const string CrlReason = "2.5.29.21";
    public const string InvalidityDate = "2.5.29.24";
    public const string DeltaCrlIndicator = "2.5.29.27";
    public const string IssuingDistributionPoint = "2.5.29.28";
    public const string CertificateIssuer = "2.5.29.29";
    public const string NameConstraints = "2.5.29.30";
    public const string CrlDistributionPoints = "2.5.29.31";
    public const string CertificatePolicies = "2.5.29.32";
    public const string AnyPolicy = "2.5.29.32.0";
    public const string PolicyMappings = "2.5.29.33";
    public const string AuthorityKeyIdentifier = "2.5.29.35";
    public const string PolicyConstraints = "2.5.29.36";
    public const string ExtendedKeyUsage = "2.5.29.37";
    public const string FreshestCrl = "2.5.29.46";
    public const string InhibitAnyPolicy = "2.5.29.54";
    public const string NoRevocationAvailable = "2.5.29.56";

    /// <summary>X.509 (2019) §9.5.2.9 expiredCertsOnCRL.</summary>
    public const string ExpiredCertificatesOnList = "2.5.29.60";
    public const string SubjectAltPublicKeyInfo = "2.5.29.72";
    public const string AltSignatureAlgorithm = "2.5.29.73";
    public const string AltSignatureValue = "2.5.29.74";
    public const string AuthorityInformationAccess = "1.3.6.1.5.5.7.1.1";
    public const string SubjectInformationAccess = "1.3.6.1.5.5.7.1.11";
    public const string RelatedCertificate = "1.3.6.1.5.5.7.1.36";
    public const string TlsFeature = "1.3.6.1.5.5.7.1.24";
    public const string AccessMethodOcsp = "1.3.6.1.5.5.7.48.1";
    public const string AccessMethodCaIssuers = "1.3.6.1.5.5.7.48.2";
    public const string OcspNonce = "1.3.6.1.5.5.7.48.1.2";
    public const string OcspNoCheck = "1.3.6.1.5.5.7.48.1.5";
    public const string OcspBasicResponse = "1.3.6.1.5.5.7.48.1.1";

    // Key purposes (RFC 5280 §4.2.1.12, RFC 6402 §2.10).
    public const string AnyExtendedKeyUsage = "2.5.29.37.0";
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    public const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    public const string EmailProtection = "1.3.6.1.5.5.7.3.4";
    public const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    public const string OcspSigning = "1.3.6.1.5.5.7.3.9";
    public const string CmcCa = "1.3.6.1.5.5.7.3.27";
    public const string CmcRa = "1.3.6.1.5.5.7.3.28";

    /// <summary>Signs statements of the revocation feed (docs/revocation-feed.md): a key purpose of our own, under the enterprise number for examples (RFC 5612) until there is one of our own.</summary>
    public const string RevocationFeed = "1.3.6.1.4.1.32473.3.1";

    /// <summary>Signs OAuth access tokens (docs/oauth.md): likewise.</summary>
    public const string AccessTokens = "1.3.6.1.4.1.32473.3.2";

    // PKCS#9 and request attributes (RFC 2985, RFC 7030 §4.5.2, RFC 9908, RFC 4108, RFC 9883).
    public const string ContentType = "1.2.840.113549.1.9.3";
    public const string MessageDigest = "1.2.840.113549.1.9.4";
    public const string SigningTime = "1.2.840.113549.1.9.5";

    /// <summary>RFC 6211 id-aa-CMSAlgorithmProtection.</summary>
    public const string CmsAlgorithmProtection = "1.2.840.113549.1.9.52";
    public const string ChallengePassword = "1.2.840.113549.1.9.7";
    public const string ExtensionRequest = "1.2.840.113549.1.9.14";
    public const string SmimeCapabilities = "1.2.840.113549.1.9.15";
    public const string AlgorithmProtection = "1.2.840.113549.1.9.52";
    public const string RelatedCertRequest = "1.2.840.113549.1.9.16.2.60";
    public const string CertificationRequestInfoTemplate = "1.2.840.113549.1.9.16.2.61";
    public const string ExtensionRequestTemplate = "1.2.840.113549.1.9.16.2.62";
    public const string DecryptKeyId = "1.2.840.113549.1.9.16.2.37";
    public const string StatementOfPossession = "1.3.6.1.4.1.22112.2.1";
    public const string AsymmetricDecryptKeyId = "1.2.840.113549.1.9.16.2.54";

    // CMS content types (RFC 5652, 5083) and CMC (RFC 5272).
    public const string CmsData = "1.2.840.113549.1.7.1";
    public const string CmsSignedData = "1.2.840.113549.1.7.2";
    public const string CmsEnvelopedData = "1.2.840.113549.1.7.3";
    public const string CmsAuthEnvelopedData = "1.2.840.113549.1.9.16.1.23";
    public const string KemRecipientInfo = "1.2.840.113549.1.9.16.13.3";
    public const string AsymmetricKeyPackage = "2.16.840.1.101.2.1.2.78.5";
    public const string CmcPkiData = "1.3.6.1.5.5.7.12.2";
    public const string CmcPkiResponse = "1.3.6.1.5.5.7.12.3";

    // Keys, digests, key transport and agreement, content encryption.
    public const string EcPublicKey = "1.2.840.10045.2.1";
    public const string CurveP256 = "1.2.840.10045.3.1.7";
    public const string CurveP384 = "1.3.132.0.34";
    public const string RsaEncryption = "1.2.840.113549.1.1.1";
    public const string RsaOaep = "1.2.840.113549.1.1.7";
    public const string Mgf1 = "1.2.840.113549.1.1.8";
    public const string PSpecified = "1.2.840.113549.1.1.9";
    public const string RsaPss = "1.2.840.113549.1.1.10";
    public const string Ed25519 = "1.3.101.112";
    public const string Sha1 = "1.3.14.3.2.26";
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";
    public const string Sha384 = "2.16.840.1.101.3.4.2.2";
    public const string Sha512 = "2.16.840.1.101.3.4.2.3";
    public const string Shake128 = "2.16.840.1.101.3.4.2.11";
    public const string Shake256 = "2.16.840.1.101.3.4.2.12";
    public const string HkdfSha256 = "1.2.840.113549.1.9.16.3.28";
    public const string HkdfSha384 = "1.2.840.113549.1.9.16.3.29";
    public const string HkdfSha512 = "1.2.840.113549.1.9.16.3.30";
    public const string StdDhSha256Kdf = "1.3.132.1.11.1";
    public const string StdDhSha384Kdf = "1.3.132.1.11.2";
    public const string Aes128Wrap = "2.16.840.1.101.3.4.1.5";
    public const string Aes256Wrap = "2.16.840.1.101.3.4.1.45";
    public const string Aes128Cbc = "2.16.840.1.101.3.4.1.2";
    public const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
    public const string Aes128Gcm = "2.16.840.1.101.3.4.1.6";
    public const string Aes256Gcm = "2.16.840.1.101.3.4.1.46";

    /// <summary>What certificates and requests are full of: decoded to these very strings, without an allocation.</summary>
    internal static string[] Frequent { get; } =
    [
        CommonName, Surname, SerialNumber, Country, Locality, StateOrProvince, Street, Organization, OrganizationalUnit, Title, GivenName, DnQualifier,
        UserId, DomainComponent, EmailAddress, SubjectKeyIdentifier, KeyUsage, SubjectAlternativeName, IssuerAlternativeName, BasicConstraints, CrlNumber,
        CrlReason, InvalidityDate, IssuingDistributionPoint, NameConstraints, CrlDistributionPoints, CertificatePolicies, AuthorityKeyIdentifier,
        PolicyConstraints, ExtendedKeyUsage, NoRevocationAvailable, AuthorityInformationAccess, AccessMethodOcsp, AccessMethodCaIssuers, OcspNonce,
        OcspNoCheck, OcspBasicResponse, AnyExtendedKeyUsage, ServerAuth, ClientAuth, OcspSigning, ChallengePassword, ExtensionRequest, ContentType,
        MessageDigest, SigningTime, CmsData, CmsSignedData, CmsEnvelopedData, EcPublicKey, CurveP256, CurveP384, RsaEncryption, Ed25519, Sha1, Sha256,
        Sha384, Sha512, AnyPolicy, DeltaCrlIndicator, CertificateIssuer, SubjectAltPublicKeyInfo, AltSignatureAlgorithm, AltSignatureValue, RelatedCertificate,
    ];
}
