namespace AgentPki.Authority.Store;

/// <summary>A grant as it was recorded (docs/delegation.md).</summary>
/// <param name="Digest">SHA-256 of the token, 32 octets: what the child's policy names.</param>
/// <param name="Text">The token.</param>
/// <param name="SignerAuthority">The CA of the certificate with whose key the parent signed.</param>
/// <param name="SignerSerial">Its serial number.</param>
/// <param name="Leaf">The index of its ledger entry; the writer gives it.</param>
/// <param name="IsUsed">Whether the parent has enrolled the child with it: it does so once.</param>
public sealed record GrantRecord(byte[] Digest, string Parent, string Child, string Text, string SignerAuthority, byte[] SignerSerial, DateTimeOffset Made, long Leaf = 0, bool IsUsed = false);

/// <summary>Reads grants.</summary>
public interface IGrantStore
{
    ValueTask<GrantRecord?> FindGrantAsync(ReadOnlyMemory<byte> digest, CancellationToken cancellationToken);

    /// <summary>How many a parent has made since then, those of which nothing came included.</summary>
    ValueTask<long> CountGrantsAsync(string parentId, DateTimeOffset since, CancellationToken cancellationToken);
}
