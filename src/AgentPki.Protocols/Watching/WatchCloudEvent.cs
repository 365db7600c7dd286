using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.Authority.Watching.Webhook;

namespace AgentPki.Protocols.Watching;

/// <summary>What the watch has to tell, as a CloudEvent in structured JSON (CloudEvents 1.0.2, JSON format §3).</summary>
internal static class WatchCloudEvent
{
    public const string MediaType = "application/cloudevents+json";

    /// <summary>Nothing was done but said.</summary>
    public const string Found = "agentpki.watch.found";

    /// <summary>It was answered by rule.</summary>
    public const string Answered = "agentpki.watch.answered";

    /// <summary>It was to be answered by rule, and was not.</summary>
    public const string NotAnswered = "agentpki.watch.notAnswered";

    /// <summary>People took it back.</summary>
    public const string Reverted = "agentpki.watch.reverted";

    private const string Alert = "alert";

    // Quotation marks and what steers are escaped; the rest stays as people read it.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="source">The appliance (CloudEvents <c>source</c>).</param>
    public static byte[] Write(WatchAlert alert, string source)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", alert.Id);
            json.WriteString("source", source);
            json.WriteString("type", TypeOf(alert));
            json.WriteString("subject", alert.Agent);
            json.WriteString("time", alert.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("datacontenttype", "application/json");
            json.WriteStartObject("data");
            json.WriteString("agent", alert.Agent);
            json.WriteString("owner", alert.Owner);
            json.WriteString("tier", alert.Tier);
            json.WriteString("detector", alert.Detector);
            json.WriteString("explanation", alert.Explanation);
            json.WriteString("response", alert.Response);
            json.WriteBoolean("done", alert.Done);
            if (alert.WhyNot is { } why)
            {
                json.WriteString("whyNot", why);
            }

            if (alert.RevertedBy is { } people)
            {
                json.WriteString("revertedBy", people);
            }

            json.WriteString("rulesSha256", alert.RulesDigest);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static string TypeOf(WatchAlert alert) => alert.RevertedBy is not null ? Reverted : alert.Response == Alert ? Found : alert.Done ? Answered : NotAnswered;
}
