using System.Text;
using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Transcripts;

/// <summary>
/// The form of an answer: status line, headers and framing as they are, with the base64 that carries certificates and keys
/// reduced to how it is laid out. Two answers of one form look alike to every parser of HTTP, MIME and base64.
/// </summary>
internal static partial class WireForm
{
    // Values that differ between any two answers.
    private static readonly string[] Volatile = ["Date", "Content-Length", "X-Request-Id", "X-Correlation-Id"];

    public static string Of(byte[] response)
    {
        var text = Encoding.Latin1.GetString(response);
        var split = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        var (head, wire) = (text[..split], response[split..]);
        var boundary = Boundary().Match(head) is { Success: true } match ? match.Groups[1].Value : null;
        var body = head.Contains("chunked", StringComparison.OrdinalIgnoreCase) ? Unchunk(wire) : wire;
        var form = string.Concat(Head(head), Body(Encoding.Latin1.GetString(body)));
        return boundary is null ? form : form.Replace(boundary, "BOUNDARY", StringComparison.Ordinal);
    }

    private static string Head(string head) => string.Join("\r\n", head.Split("\r\n").Select(line =>
        Volatile.FirstOrDefault(name => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) is { } name ? $"{name}: *" : line));

    private static string Body(string body) => Visible(Correlation().Replace(Base64Run().Replace(body, run => Layout(run.Value)), "correlation id *"));

    // Full lines have one width; the last may be shorter. Line ends are told as they are.
    private static string Layout(string base64)
    {
        var end = base64.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var lines = base64.Split(end);
        return lines.Length == 1 ? "<base64 in one line>" : $"<base64 in lines of {lines[0].Length}, ended by {Visible(end)}>";
    }

    private static string Visible(string text) => text.Replace("\r", "␍", StringComparison.Ordinal).Replace("\n", "␊\n", StringComparison.Ordinal);

    private static byte[] Unchunk(byte[] wire)
    {
        using var stream = new MemoryStream(wire);
        return new HttpReader(stream).ReadBodyAsync("X\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), false, CancellationToken.None).GetAwaiter().GetResult().Body;
    }

    // At least 64 characters: shorter runs are words. Line breaks belong to a run only between full lines.
    [GeneratedRegex(@"[A-Za-z0-9+/]{64,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}")]
    private static partial Regex Base64Run();

    [GeneratedRegex("correlation id [0-9a-f]{16}")]
    private static partial Regex Correlation();

    [GeneratedRegex("boundary=\"?([^\";\r\n]+)")]
    private static partial Regex Boundary();
}
