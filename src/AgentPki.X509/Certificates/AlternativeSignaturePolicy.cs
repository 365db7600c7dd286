namespace AgentPki.X509.Certificates;

/// <summary>What a path check demands of alternative signatures (X.509 (2019) §9.8).</summary>
public enum AlternativeSignaturePolicy
{
    /// <summary>
    /// Where a certificate has one, it is checked and must be right. One that is not there is not missed: whoever can forge primary signatures can leave it out.
    /// </summary>
    WhenPresent = 0,

    /// <summary>
    /// Every certificate of the path but the anchor must have one that verifies with its issuer's alternative key: a forger must break both algorithms. The
    /// policy of a relying party that knows its CA to sign so.
    /// </summary>
    Required,

    /// <summary>Primary signatures alone, as a relying party does that has never heard of alternative ones; where such an extension is critical, the path is refused.</summary>
    Ignored,
}
