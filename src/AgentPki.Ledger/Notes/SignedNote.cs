using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgentPki.Ledger.Notes;

/// <summary>One signature line of a note.</summary>
/// <param name="KeyName">Who signed, as written.</param>
/// <param name="KeyId">The first four octets of the line's base64, big-endian.</param>
/// <param name="Signature">What follows them.</param>
public sealed record NoteSignature(string KeyName, uint KeyId, ReadOnlyMemory<byte> Signature)
{
    /// <summary>The line as it stands in a note, its newline included.</summary>
    public string ToLine()
    {
        var octets = new byte[4 + Signature.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(octets, KeyId);
        Signature.Span.CopyTo(octets.AsSpan(4));
        return $"{SignedNote.SignaturePrefix}{KeyName} {Convert.ToBase64String(octets)}\n";
    }
}

/// <summary>A text and the lines that sign it: C2SP signed-note v1.0.0.</summary>
/// <param name="Text">The signed text, its final newline included.</param>
/// <param name="Signatures">1 to <see cref="MaxSignatures"/> lines.</param>
public sealed record SignedNote(string Text, ImmutableArray<NoteSignature> Signatures)
{
    /// <summary>More signature lines than this are refused (the specification asks for at least 16).</summary>
    public const int MaxSignatures = 64;

    /// <summary>Longer notes are refused.</summary>
    public const int MaxLength = 1 << 20;

    // Em dash (U+2014) and a space.
    internal const string SignaturePrefix = "\u2014 ";

    /// <summary>Reads a note; nothing is verified. Signature lines of kinds unknown here are kept.</summary>
    public static bool TryParse(string note, [NotNullWhen(true)] out SignedNote? parsed, [NotNullWhen(false)] out string? error)
    {
        parsed = null;
        error = Check(note);
        if (error is not null)
        {
            return false;
        }

        // The text is separated from the signatures by the last empty line in the note.
        var split = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0)
        {
            error = "no empty line separates the text from its signatures";
            return false;
        }

        var lines = note[(split + 2)..].Split('\n');
        var signatures = ImmutableArray.CreateBuilder<NoteSignature>();
        foreach (var line in lines[..^1])
        {
            if (ParseLine(line) is not { } signature)
            {
                error = $"not a signature line: \"{line}\"";
                return false;
            }

            signatures.Add(signature);
        }

        if (signatures.Count is 0 or > MaxSignatures)
        {
            error = $"{signatures.Count} signature lines; a note has 1 to {MaxSignatures}";
            return false;
        }

        parsed = new SignedNote(note[..(split + 1)], signatures.ToImmutable());
        return true;
    }

    /// <summary>Whether <paramref name="name"/> may stand in a signature line: not empty, no space, no plus sign, no control character.</summary>
    public static bool IsKeyName(string name) => name.Length > 0 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+');

    /// <summary>The note with further lines after its own; a line that it has already, of the same key, is not there twice.</summary>
    public SignedNote With(IEnumerable<NoteSignature> lines)
    {
        var kept = lines.Where(line => !Signatures.Any(own => own.KeyId == line.KeyId && own.KeyName == line.KeyName));
        return this with { Signatures = [.. Signatures, .. kept.DistinctBy(line => (line.KeyName, line.KeyId))] };
    }

    /// <summary>Reads one signature line without its newline; null when it is none.</summary>
    public static NoteSignature? TryParseLine(string line) => ParseLine(line);

    /// <summary>The note as it is stored and sent.</summary>
    public override string ToString()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
        {
            note.Append(signature.ToLine());
        }

        return note.ToString();
    }

    private static string? Check(string note) => note switch
    {
        { Length: > MaxLength } => $"longer than {MaxLength} characters",
        _ when !note.EndsWith('\n') => "does not end with a newline",
        _ when note.Any(c => c < ' ' && c != '\n') => "holds a control character",
        _ when note.Any(c => c == '\uFFFD') => "is not valid UTF-8",
        _ => null,
    };

    private static NoteSignature? ParseLine(string line)
    {
        if (!line.StartsWith(SignaturePrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = line[SignaturePrefix.Length..].Split(' ');
        if (parts.Length != 2 || !IsKeyName(parts[0]))
        {
            return null;
        }

        var octets = new byte[parts[1].Length];
        return Convert.TryFromBase64String(parts[1], octets, out var length) && length > 4 && Convert.ToBase64String(octets.AsSpan(0, length)) == parts[1]
            ? new NoteSignature(parts[0], System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(octets), octets.AsMemory(4, length - 4))
            : null;
    }
}
