using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AgentPki.Ledger.Verification;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : ILedgerEvidence
{
    public async IAsyncEnumerable<CertificateEvidence> ReadCertificateEvidenceAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = _state;
        foreach (var entry in state.Issued.Select(key => state.Certificates[key]))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = entry.Certificate;
            yield return new CertificateEvidence(entry.IssuedLeaf, record.Authority, Convert.ToHexStringLower(record.Serial), Convert.ToHexStringLower(SHA256.HashData(record.Der)));
        }

        await ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<RevocationEvidence> ReadRevocationEvidenceAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in _state.Certificates.Values.Where(e => e.Revoked is not null).OrderBy(e => e.RevokedLeaf))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new RevocationEvidence(entry.RevokedLeaf ?? -1, entry.Certificate.Authority, Convert.ToHexStringLower(entry.Certificate.Serial));
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask<bool> IsRevokedAsync(string authority, string serialHex, CancellationToken cancellationToken) =>
        new(_state.Certificates.GetValueOrDefault(InMemoryState.CertificateKey(authority, Convert.FromHexString(serialHex)))?.Revoked is not null);
}
