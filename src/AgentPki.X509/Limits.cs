namespace AgentPki.X509;

/// <summary>
/// Bounds on what a parser takes from outside. They are far above every honest object and low enough that a hostile one is refused before it costs
/// anything: a list is counted while it is read and the reader stops at the bound.
/// </summary>
public static class Limits
{
    /// <summary>Nesting of constructed elements.</summary>
    public const int Depth = 24;

    /// <summary>Octets of one certificate; the largest SLH-DSA signature is 49,856 octets (FIPS 205 table 2).</summary>
    public const int CertificateOctets = 128 * 1024;

    /// <summary>Octets of one PKCS#10 request.</summary>
    public const int RequestOctets = 128 * 1024;

    /// <summary>Octets of one CMS message that a protocol takes.</summary>
    public const int CmsOctets = 1024 * 1024;

    /// <summary>Octets of one OCSP request.</summary>
    public const int OcspRequestOctets = 64 * 1024;

    /// <summary>Extensions in one object.</summary>
    public const int Extensions = 64;

    /// <summary>Names in one GeneralNames (subject alternative names and the like).</summary>
    public const int GeneralNames = 100;

    /// <summary>Relative distinguished names in one Name, and attributes in one RDN.</summary>
    public const int NameAttributes = 32;

    /// <summary>Attributes of a request or of a CMS signer, and values of one attribute.</summary>
    public const int Attributes = 32;

    /// <summary>Small lists inside an extension: key purposes, policies, access descriptions, distribution points, subtrees.</summary>
    public const int ExtensionItems = 64;

    /// <summary>Certificates in one CMS message.</summary>
    public const int CmsCertificates = 64;

    /// <summary>Signers or recipients in one CMS message.</summary>
    public const int CmsParties = 16;

    /// <summary>Single requests in one OCSP request.</summary>
    public const int OcspRequests = 64;

    /// <summary>Octets of an OBJECT IDENTIFIER's content.</summary>
    public const int ObjectIdentifierOctets = 64;
}
