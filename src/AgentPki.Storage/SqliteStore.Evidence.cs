using System.Security.Cryptography;
using AgentPki.Ledger.Verification;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ILedgerEvidence
{
    /// <inheritdoc/>
    public IAsyncEnumerable<CertificateEvidence> ReadCertificateEvidenceAsync(CancellationToken cancellationToken) => StreamAsync(
        "SELECT c.leaf, a.name, c.serial, c.der FROM certificates c LEFT JOIN authorities a ON a.id = c.authority ORDER BY c.id",
        _ => { },
        rows => new CertificateEvidence(rows.GetInt64(0), rows.GetTextOrNull(1) ?? "?", Convert.ToHexStringLower(rows.GetSpan(2)), Convert.ToHexStringLower(SHA256.HashData(rows.GetSpan(3)))),
        cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<RevocationEvidence> ReadRevocationEvidenceAsync(CancellationToken cancellationToken) => StreamAsync(
        "SELECT r.leaf, a.name, r.serial FROM revocations r LEFT JOIN authorities a ON a.id = r.authority ORDER BY r.epoch",
        _ => { },
        rows => new RevocationEvidence(rows.GetInt64(0), rows.GetTextOrNull(1) ?? "?", Convert.ToHexStringLower(rows.GetSpan(2))),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsRevokedAsync(string authority, string serialHex, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var rows = session.Prepared("SELECT 1 FROM revocations WHERE authority = (SELECT id FROM authorities WHERE name = ?1) AND serial = ?2")
                .Bind(1, authority).Bind(2, TryFromHex(serialHex));
            var revoked = rows.Read();
            rows.Reset();
            return revoked;
        },
        cancellationToken);

    // An entry's text may be anything; what is no serial is not revoked.
    private static byte[] TryFromHex(string text) => text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : [];
}
