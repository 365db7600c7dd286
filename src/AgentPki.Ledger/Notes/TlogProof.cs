using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Notes;

/// <summary>That an entry is in the log, as one text that verifies offline: C2SP tlog-proof (read on 2026-07-22; it has no version yet).</summary>
/// <remarks>
/// Our <c>extra</c> line has the leaf's octets, without which the verifier would have to get the entry elsewhere, and behind them, for those to whom the operator gives it, salt and
/// details. Nothing in it is believed: the leaf is hashed into the path, salt and details into the leaf's commitment.
/// </remarks>
/// <param name="Extra">The decoded <c>extra</c> line; null without one.</param>
/// <param name="Path">RFC 9162 §2.1.3 inclusion path for the checkpoint's size.</param>
public sealed record TlogProof(ReadOnlyMemory<byte>? Extra, long Index, ImmutableArray<MerkleHash> Path, SignedCheckpoint Checkpoint)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraPrefix = "extra ";
    private const string IndexPrefix = "index ";

    /// <summary>The proof of an entry.</summary>
    /// <param name="withDetails">Whether salt and details go with it.</param>
    public static TlogProof Of(LedgerRecord record, IReadOnlyList<MerkleHash> path, SignedCheckpoint checkpoint, bool withDetails)
    {
        byte[] extra = withDetails && record is { Salt: { } salt, EncodedDetails: { } details } ? [.. record.Leaf.Encode(), .. salt.Span, .. details.Span] : record.Leaf.Encode();
        return new TlogProof(extra, record.Leaf.Index, [.. path], checkpoint);
    }

    /// <summary>Leaf, salt and details of the <c>extra</c> line; null when it is not ours. Not verified.</summary>
    public LedgerRecord? Record
    {
        get
        {
            if (Extra is not { Length: >= LedgerLeaf.EncodedSize } extra || !LedgerLeaf.TryDecode(extra.Span[..LedgerLeaf.EncodedSize], out var leaf))
            {
                return null;
            }

            var rest = extra[LedgerLeaf.EncodedSize..];
            return rest.Length == 0 ? new LedgerRecord(leaf, null, null)
                : rest.Length > LedgerCommitment.SaltSize ? new LedgerRecord(leaf, rest[..LedgerCommitment.SaltSize], rest[LedgerCommitment.SaltSize..])
                : null;
        }
    }

    /// <summary>Reads a proof; nothing is verified.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TlogProof? proof, [NotNullWhen(false)] out string? error)
    {
        proof = null;
        error = "it is no tlog-proof: header, index, path and checkpoint are expected";
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0 || text.Length > SignedNote.MaxLength)
        {
            return false;
        }

        var lines = text[..end].Split('\n');
        var at = 1;
        byte[]? extra = null;
        if (lines[0] != Header || lines.Length < 2)
        {
            return false;
        }

        if (lines[at].StartsWith(ExtraPrefix, StringComparison.Ordinal))
        {
            var encoded = lines[at++][ExtraPrefix.Length..];
            extra = new byte[encoded.Length];
            if (!Convert.TryFromBase64String(encoded, extra, out var length) || Convert.ToBase64String(extra.AsSpan(0, length)) != encoded)
            {
                error = "its extra line is not base64";
                return false;
            }

            Array.Resize(ref extra, length);
        }

        if (at >= lines.Length || !lines[at].StartsWith(IndexPrefix, StringComparison.Ordinal)
            || !long.TryParse(lines[at].AsSpan(IndexPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) || lines[at] != $"{IndexPrefix}{index.ToString(CultureInfo.InvariantCulture)}")
        {
            error = "it has no index";
            return false;
        }

        var path = ImmutableArray.CreateBuilder<MerkleHash>();
        foreach (var line in lines.AsSpan(at + 1))
        {
            if (!MerkleHash.TryParseBase64(line, out var hash))
            {
                error = "a line of its path is not a hash in base64";
                return false;
            }

            path.Add(hash);
        }

        if (!SignedCheckpoint.TryParse(text[(end + 2)..], out var checkpoint, out error))
        {
            return false;
        }

        proof = new TlogProof(extra is null ? null : (ReadOnlyMemory<byte>?)extra, index, path.ToImmutable(), checkpoint);
        return true;
    }

    /// <summary>The proof as it is kept and sent (file extension <c>.tlog-proof</c>).</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\n{(Extra is { } extra ? $"{ExtraPrefix}{Convert.ToBase64String(extra.Span)}\n" : "")}{IndexPrefix}{Index}\n{string.Concat(Path.Select(hash => hash.ToBase64() + "\n"))}\n{Checkpoint}");
}
