using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Witnessing;

/// <summary>What is submitted to a witness: a signed head, and the proof that it extends the one that the witness has seen last.</summary>
/// <remarks>C2SP tlog-witness v1.0.0, "add-checkpoint": <c>old SIZE</c>, proof lines, an empty line, the checkpoint.</remarks>
public sealed record WitnessRequest(long OldSize, ImmutableArray<MerkleHash> Proof, SignedCheckpoint Checkpoint)
{
    /// <summary>"The client MUST NOT send more than 63 consistency proof lines."</summary>
    public const int MaxProofLines = 63;

    /// <summary>Octets of a whole request: the longest proof and a checkpoint with 16 post-quantum signatures (signed-note asks for as many) fit.</summary>
    public const int MaxLength = 128 * 1024;

    private const string OldPrefix = "old ";
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a request; nothing is verified.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out WitnessRequest? request, [NotNullWhen(false)] out string? error)
    {
        request = null;
        if (body.Length > MaxLength)
        {
            error = $"it is longer than {MaxLength} octets";
            return false;
        }

        string text;
        try
        {
            text = Strict.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            error = "it is not UTF-8";
            return false;
        }

        var head = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (head < 0)
        {
            error = "no empty line ends the proof";
            return false;
        }

        var lines = text[..head].Split('\n');
        if (!lines[0].StartsWith(OldPrefix, StringComparison.Ordinal) || !TrySize(lines[0][OldPrefix.Length..], out var old))
        {
            error = "its first line is not 'old' and a size";
            return false;
        }

        if (lines.Length - 1 > MaxProofLines)
        {
            error = $"its proof has more than {MaxProofLines} lines";
            return false;
        }

        var proof = ImmutableArray.CreateBuilder<MerkleHash>(lines.Length - 1);
        foreach (var line in lines.AsSpan(1))
        {
            if (!MerkleHash.TryParseBase64(line, out var hash))
            {
                error = "a proof line is not a hash in base64";
                return false;
            }

            proof.Add(hash);
        }

        if (!SignedCheckpoint.TryParse(text[(head + 2)..], out var checkpoint, out error))
        {
            return false;
        }

        request = new WitnessRequest(old, proof.MoveToImmutable(), checkpoint);
        return true;
    }

    /// <summary>The request as it is sent.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{OldPrefix}{OldSize}\n{string.Concat(Proof.Select(hash => hash.ToBase64() + "\n"))}\n{Checkpoint}");

    private static bool TrySize(string text, out long size) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size.ToString(CultureInfo.InvariantCulture) == text;
}
