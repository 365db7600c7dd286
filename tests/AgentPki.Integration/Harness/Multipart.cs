using System.Text;
using System.Text.RegularExpressions;

namespace AgentPki.Integration.Harness;

/// <summary>One part of a multipart/mixed body.</summary>
internal sealed record MimePart(IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string MediaType => Headers["Content-Type"];

    /// <summary>The body's base64, decoded.</summary>
    public byte[] Decode() => Convert.FromBase64String(string.Concat(Body.Where(character => !char.IsWhiteSpace(character))));
}

/// <summary>Reads multipart/mixed by the letter of RFC 2046 §5.1: boundaries at the start of a line, CRLF everywhere.</summary>
internal static partial class Multipart
{
    public static IReadOnlyList<MimePart> Read(string mediaType, byte[] body)
    {
        var boundary = Boundary().Match(mediaType);
        Assert.True(boundary.Success, $"no boundary in: {mediaType}");
        var delimiter = $"\r\n--{boundary.Groups[1].Value}";
        var text = "\r\n" + Encoding.Latin1.GetString(body);
        var pieces = text.Split(delimiter);
        Assert.True(pieces[^1] is "--" or "--\r\n", $"the last boundary is not closed: {pieces[^1]}");
        return [.. pieces[1..^1].Select(Part)];
    }

    private static MimePart Part(string piece)
    {
        Assert.StartsWith("\r\n", piece, StringComparison.Ordinal);
        var halves = piece[2..].Split("\r\n\r\n", 2);
        Assert.Equal(2, halves.Length);
        var headers = halves[0].Split("\r\n").Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        return new MimePart(headers, halves[1]);
    }

    [GeneratedRegex("^multipart/mixed *;.*boundary=\"?([^\";]+)\"?")]
    private static partial Regex Boundary();
}
