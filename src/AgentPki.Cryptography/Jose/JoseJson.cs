using System.Text.Json;
using System.Text.Unicode;

namespace AgentPki.Cryptography.Jose;

/// <summary>
/// What strict JSON reading (RFC 8259) adds to <see cref="Utf8JsonReader"/> here: nothing behind the value, no member twice (RFC 7515 §4), no unpaired
/// surrogates, bounded depth.
/// </summary>
public static class JoseJson
{
    /// <summary>Nesting that any object here may have.</summary>
    public const int MaximumDepth = 8;

    public static JsonReaderOptions Options => new() { MaxDepth = MaximumDepth };

    /// <summary>Reads one JSON object; an error of the callee, or one that says it is no JSON.</summary>
    /// <param name="what">What it stands for in texts, with its article.</param>
    public static JoseError? Read<TState>(ReadOnlySpan<byte> json, string what, ref TState state, MemberReader<TState> member)
        where TState : struct, allows ref struct
    {
        if (!Utf8.IsValid(json))
        {
            return Malformed($"{what} is not UTF-8 (RFC 8259 §8.1).");
        }

        var reader = new Utf8JsonReader(json, Options);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return Malformed($"{what} is not a JSON object.");
            }

            HashSet<string>? others = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (member(ref reader, json, ref state, out var known) is { } error)
                {
                    return error;
                }

                if (!known)
                {
                    others ??= new HashSet<string>(StringComparer.Ordinal);
                    if (!others.Add(reader.GetString() ?? "") || !reader.Read() || !TrySkip(ref reader))
                    {
                        return Twice(what);
                    }
                }
            }

            return reader.Read() ? Malformed($"{what} has data behind its end.") : null; // throws for what is no JSON
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped surrogate without its other half, which the reader finds only when the text is asked for.
            return Malformed($"{what} is not valid JSON, is nested deeper than {MaximumDepth} levels, or has data behind its end.");
        }
    }

    /// <summary>Reads one member. The reader stands on its name; after a known one it must stand on the last token of its value.</summary>
    public delegate JoseError? MemberReader<TState>(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref TState state, out bool known)
        where TState : struct, allows ref struct;

    /// <summary>Reads the string that follows a name, without copying it unless it has escapes; false when it is no string.</summary>
    public static bool TryReadString(scoped ref Utf8JsonReader reader, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return false;
        }

        if (!reader.ValueIsEscaped)
        {
            value = reader.ValueSpan;
            return true;
        }

        var unescaped = new byte[reader.ValueSpan.Length];
        value = unescaped.AsSpan(0, reader.CopyString(unescaped));
        return true;
    }

    /// <summary>Passes over the object that follows a name and gives its text, to be read by itself: until then nothing is known of its members.</summary>
    public static JoseError? ReadObject(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json, out ReadOnlySpan<byte> value, string what)
    {
        value = default;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return Malformed($"{what} is not a JSON object.");
        }

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        value = json[start..(int)reader.BytesConsumed];
        return null;
    }

    /// <summary>Passes over the value that the reader stands on; false when an object in it has a member twice.</summary>
    public static bool TrySkip(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (!TrySkip(ref reader))
                {
                    return false;
                }
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!names.Add(reader.GetString() ?? "") || !reader.Read() || !TrySkip(ref reader))
                {
                    return false;
                }
            }
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            _ = reader.GetString(); // unpaired surrogates
        }

        return true;
    }

    public static JoseError Twice(string what) => Malformed($"{what} has a member twice; every name may occur once (RFC 7515 §4).");

    public static JoseError Malformed(string text) => new(JoseErrorKind.Malformed, text);
}
