using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Ledger.Notes;

/// <summary>A checkpoint with its signatures: what is kept, published and given to witnesses.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, SignedNote Note)
{
    /// <summary>Reads a checkpoint note; nothing is verified.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SignedCheckpoint? checkpoint, [NotNullWhen(false)] out string? error)
    {
        checkpoint = null;
        if (!SignedNote.TryParse(text, out var note, out error))
        {
            return false;
        }

        if (!Checkpoint.TryParse(note.Text, out var body))
        {
            error = "not a checkpoint: origin, size and root hash are expected, a line each";
            return false;
        }

        checkpoint = new SignedCheckpoint(body, note);
        return true;
    }

    /// <summary>The same with further lines.</summary>
    public SignedCheckpoint With(IEnumerable<NoteSignature> lines) => this with { Note = Note.With(lines) };

    /// <summary>The note as it is stored and sent.</summary>
    public override string ToString() => Note.ToString();
}

/// <summary>The form of the checkpoint file kept outside of the store: notes, oldest first, an empty line after each.</summary>
public static class CheckpointFile
{
    /// <summary>What is appended for one checkpoint.</summary>
    public static string Format(SignedCheckpoint checkpoint) => $"{checkpoint}\n";

    /// <summary>The notes of a file. One cut off at the end by a crash while it was being appended is left out.</summary>
    public static ImmutableArray<string> Split(string content)
    {
        // A note is text, an empty line, signature lines; each line of the last kind begins with the em dash, so that an empty
        // line after one of them ends the note.
        var notes = ImmutableArray.CreateBuilder<string>();
        var lines = content.Split('\n');
        var start = 0;
        for (var i = 1; i < lines.Length - 1; i++)
        {
            if (lines[i].Length == 0 && lines[i - 1].StartsWith(SignedNote.SignaturePrefix, StringComparison.Ordinal))
            {
                notes.Add(string.Join('\n', lines[start..i]) + "\n");
                start = i + 1;
            }
        }

        return notes.ToImmutable();
    }
}
