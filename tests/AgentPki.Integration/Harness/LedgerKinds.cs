namespace AgentPki.Integration.Harness;

/// <summary>The numbers of the ledger's kinds that tests look for, as they lie on disk for good.</summary>
internal static class LedgerKinds
{
    public const int CertificateIssued = 10;
    public const int EnrollmentRefused = 11;
    public const int EnrollmentPending = 12;
    public const int ApprovalDecided = 13;
    public const int RefusalsAggregated = 14;
    public const int CertificateRevoked = 20;
}
