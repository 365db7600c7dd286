namespace AgentPki.X509.CertificateLists;

/// <summary>RFC 5280 §5.3.1 CRLReason. The numbers are the wire's; 7 is not used.</summary>
public enum CrlReason : byte
{
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}
