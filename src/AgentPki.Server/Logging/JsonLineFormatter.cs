using System.Buffers;
using System.Text.Json;

namespace AgentPki.Server.Logging;

/// <summary>One log event as one line of JSON: time, level, category, event, message, the message's fields, the exception.</summary>
public static class JsonLineFormatter
{
    private const string OriginalFormat = "{OriginalFormat}";

    public static void Write<TState>(
        IBufferWriter<byte> output, DateTimeOffset time, LogLevel level, string category, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> format)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("time", time.UtcDateTime);
            json.WriteString("level", Name(level));
            json.WriteString("category", category);
            json.WriteNumber("event", id.Id);
            json.WriteString("message", format(state, exception));
            if (state is IReadOnlyList<KeyValuePair<string, object?>> fields)
            {
                WriteFields(json, fields);
            }

            if (exception is not null)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Key != OriginalFormat)
            {
                json.WriteString(fields[i].Key, Convert.ToString(fields[i].Value, System.Globalization.CultureInfo.InvariantCulture));
            }
        }
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        LogLevel.None => "none",
        _ => level.ToString(),
    };
}
