namespace AgentPki.Ledger.Verification;

/// <summary>A certificate record, as far as the ledger vouches for it.</summary>
/// <param name="Leaf">The entry that it says it was committed with.</param>
/// <param name="Sha256Hex">Of the stored DER octets, computed now.</param>
public sealed record CertificateEvidence(long Leaf, string Authority, string SerialHex, string Sha256Hex);

/// <summary>A revocation record.</summary>
/// <param name="Leaf">The entry that it says it was committed with.</param>
public sealed record RevocationEvidence(long Leaf, string Authority, string SerialHex);

/// <summary>The records that a ledger explains, for holding one against the other.</summary>
public interface ILedgerEvidence
{
    /// <summary>Every certificate record, in the order in which they were committed.</summary>
    IAsyncEnumerable<CertificateEvidence> ReadCertificateEvidenceAsync(CancellationToken cancellationToken);

    /// <summary>Every revocation record, in the order in which they were committed.</summary>
    IAsyncEnumerable<RevocationEvidence> ReadRevocationEvidenceAsync(CancellationToken cancellationToken);

    /// <summary>Whether the records say that this certificate is revoked.</summary>
    ValueTask<bool> IsRevokedAsync(string authority, string serialHex, CancellationToken cancellationToken);
}
