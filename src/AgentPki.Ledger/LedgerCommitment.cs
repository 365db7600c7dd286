using System.Buffers;
using System.Security.Cryptography;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger;

/// <summary>
/// What a leaf carries instead of an entry's details: SHA-256 over a domain label, a random salt, the leaf's own header (log,
/// epoch, index, time, kind) and the canonical details. The salt hides guessable details from readers of the leaves; once salt
/// and details are erased, nobody can tell what the commitment was to. The header in it lets the verifier name an entry that was moved.
/// </summary>
public static class LedgerCommitment
{
    /// <summary>Octets of a salt.</summary>
    public const int SaltSize = 32;

    private static ReadOnlySpan<byte> Domain => "AgentPki ledger commitment v1\n"u8;

    /// <param name="salt"><see cref="SaltSize"/> random octets, fresh for each entry.</param>
    /// <param name="details"><see cref="LedgerDetails.Encode"/>.</param>
    public static MerkleHash Compute(ReadOnlySpan<byte> salt, LogId logId, long epoch, long index, long timeMilliseconds, LedgerEntryKind kind, ReadOnlySpan<byte> details)
    {
        var length = Domain.Length + salt.Length + LedgerLeaf.HeaderSize + details.Length;
        byte[]? rented = null;
        var input = length <= 1024 ? stackalloc byte[length] : (rented = ArrayPool<byte>.Shared.Rent(length)).AsSpan(0, length);
        Domain.CopyTo(input);
        salt.CopyTo(input[Domain.Length..]);
        LedgerLeaf.EncodeHeader(input[(Domain.Length + salt.Length)..], logId, epoch, index, timeMilliseconds, kind);
        details.CopyTo(input[(length - details.Length)..]);
        Span<byte> hash = stackalloc byte[MerkleHash.Size];
        SHA256.HashData(input, hash);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return new MerkleHash(hash);
    }

    /// <summary>Whether these details are what <paramref name="leaf"/> commits to at the index it stands at.</summary>
    public static bool Matches(LedgerLeaf leaf, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> details) => Matches(leaf, leaf.Index, salt, details);

    /// <summary>Whether these details are what <paramref name="leaf"/> would commit to if it had been recorded at <paramref name="index"/>.</summary>
    internal static bool Matches(LedgerLeaf leaf, long index, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> details) =>
        Compute(salt, leaf.LogId, leaf.Epoch, index, leaf.TimeMilliseconds, leaf.Kind, details) == leaf.Commitment;
}
