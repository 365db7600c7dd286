using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgentPki.Agents.Decisions;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>One decision as it is written down.</summary>
/// <param name="Asker">Who asked: the SPIFFE ID of its certificate.</param>
/// <param name="CertificateSha256">Of the subject's certificate, lower-case hexadecimal; empty: none was named.</param>
public sealed record JournalRecord(
    string Id, DateTimeOffset Time, string Asker, string Subject, string CertificateSha256, string Action, string Resource, bool IsPermitted, IReadOnlyList<string> Reasons, string PoliciesSha256, long Cursor, string RequestSha256, string Correlation)
{
    /// <summary>For how long it may be relied on when the appliance cannot be asked; zero, and not written down: not at all.</summary>
    public TimeSpan Offline { get; init; }

    /// <summary>The members that follow a line's number and predecessor.</summary>
    public byte[] ToMembers()
    {
        var output = new ArrayBufferWriter<byte>(768);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", "decision");
            writer.WriteString("id", Id);
            writer.WriteString("time", Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("asker", Asker);
            writer.WriteString("subject", Subject);
            writer.WriteString("certificate", CertificateSha256);
            writer.WriteString("action", Action);
            writer.WriteString("resource", Resource);
            writer.WriteBoolean("decision", IsPermitted);
            writer.WriteStartArray("reasons");
            foreach (var reason in Reasons)
            {
                writer.WriteStringValue(reason);
            }

            writer.WriteEndArray();
            writer.WriteString("policies", PoliciesSha256);
            writer.WriteNumber("cursor", Cursor);
            writer.WriteString("request", RequestSha256);
            writer.WriteString("correlation", Correlation);
            if (Offline > TimeSpan.Zero)
            {
                writer.WriteNumber("offline", (long)Offline.TotalSeconds);
            }

            writer.WriteEndObject();
        }

        return output.WrittenSpan[1..].ToArray();
    }

    /// <summary>Reads a line; false for those that are no decision.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out JournalRecord? record)
    {
        record = null;
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (Text(root, "kind") != "decision")
            {
                return false;
            }

            record = new JournalRecord(
                Text(root, "id"), root.GetProperty("time").GetDateTimeOffset(), Text(root, "asker"), Text(root, "subject"), Text(root, "certificate"), Text(root, "action"), Text(root, "resource"),
                root.GetProperty("decision").GetBoolean(), [.. root.GetProperty("reasons").EnumerateArray().Select(r => r.GetString() ?? "")], Text(root, "policies"), root.GetProperty("cursor").GetInt64(), Text(root, "request"), Text(root, "correlation"))
            {
                Offline = TimeSpan.FromSeconds(root.TryGetProperty("offline", out var offline) ? offline.GetInt32() : 0),
            };
            return true;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    /// <summary>A reason as it is written down and stated in receipts: the rule's word, and what it names.</summary>
    public static string Of(DecisionReason reason) => reason.Source is null ? reason.Rule.Word() : $"{reason.Rule.Word()}:{reason.Source}";

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? "";
}
