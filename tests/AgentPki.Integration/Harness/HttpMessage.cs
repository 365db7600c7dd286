using System.Globalization;
using System.Text;

namespace AgentPki.Integration.Harness;

/// <summary>One HTTP/1.1 answer as it came over the wire, with its body decoded from chunks.</summary>
/// <param name="Head">Status line and headers, as received, with the empty line.</param>
/// <param name="WireBody">The body as received: chunk sizes included.</param>
internal sealed record HttpAnswer(byte[] Head, byte[] WireBody, byte[] Body)
{
    public int Status { get; } = int.Parse(Encoding.Latin1.GetString(Head).Split(' ')[1], CultureInfo.InvariantCulture);

    public IReadOnlyList<(string Name, string Value)> Headers { get; } = ParseHeaders(Head);

    public string Text => Encoding.UTF8.GetString(Body);

    public string? Header(string name) =>
        Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).FirstOrDefault();

    public static IReadOnlyList<(string Name, string Value)> ParseHeaders(byte[] head) =>
        [.. Encoding.Latin1.GetString(head).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2).Select(parts => (parts[0], parts[1].Trim()))];
}

/// <summary>Reads HTTP/1.1 messages off a stream octet by octet exactly, for a client that wants to see the wire.</summary>
internal sealed class HttpReader(Stream stream)
{
    private readonly byte[] buffer = new byte[16384];
    private int start;
    private int end;

    /// <summary>Everything up to and with the empty line; null when the peer closed before the first octet.</summary>
    public async Task<byte[]?> ReadHeadAsync(CancellationToken cancellationToken)
    {
        using var head = new MemoryStream();
        while (true)
        {
            if (await NextAsync(cancellationToken) is not { } octet)
            {
                return head.Length == 0 ? null : throw new IOException($"the peer closed within a head: {Encoding.Latin1.GetString(head.ToArray())}");
            }

            head.WriteByte(octet);
            if (octet == '\n' && EndsWithEmptyLine(head))
            {
                return head.ToArray();
            }
        }
    }

    /// <summary>The body that this head announces: as on the wire, and decoded.</summary>
    public async Task<(byte[] Wire, byte[] Body)> ReadBodyAsync(byte[] head, bool untilClose, CancellationToken cancellationToken)
    {
        var headers = HttpAnswer.ParseHeaders(head).ToLookup(header => header.Name, header => header.Value, StringComparer.OrdinalIgnoreCase);
        if (headers["Transfer-Encoding"].Any(value => value.Contains("chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return await ReadChunksAsync(cancellationToken);
        }

        if (headers["Content-Length"].FirstOrDefault() is { } length)
        {
            var body = await ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture), cancellationToken);
            return (body, body);
        }

        if (!untilClose)
        {
            return ([], []);
        }

        using var rest = new MemoryStream();
        while (await NextAsync(cancellationToken) is { } octet)
        {
            rest.WriteByte(octet);
        }

        return (rest.ToArray(), rest.ToArray());
    }

    private async Task<(byte[] Wire, byte[] Body)> ReadChunksAsync(CancellationToken cancellationToken)
    {
        using var wire = new MemoryStream();
        using var body = new MemoryStream();
        while (true)
        {
            var sizeLine = await ReadLineAsync(cancellationToken);
            wire.Write(sizeLine);
            var size = int.Parse(Encoding.ASCII.GetString(sizeLine).Trim().Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var chunk = await ReadExactlyAsync(size + 2, cancellationToken); // data and CRLF; the last chunk has no trailers here
            wire.Write(chunk);
            body.Write(chunk, 0, size);
            if (size == 0)
            {
                return (wire.ToArray(), body.ToArray());
            }
        }
    }

    private async Task<byte[]> ReadLineAsync(CancellationToken cancellationToken)
    {
        using var line = new MemoryStream();
        while (true)
        {
            var octet = await NextAsync(cancellationToken) ?? throw new IOException("the peer closed within a chunk's size");
            line.WriteByte(octet);
            if (octet == '\n')
            {
                return line.ToArray();
            }
        }
    }

    private async Task<byte[]> ReadExactlyAsync(int count, CancellationToken cancellationToken)
    {
        var result = new byte[count];
        for (var filled = 0; filled < count;)
        {
            if (start == end && !await FillAsync(cancellationToken))
            {
                throw new IOException($"the peer closed after {filled} of {count} octets of a body");
            }

            var part = Math.Min(count - filled, end - start);
            buffer.AsSpan(start, part).CopyTo(result.AsSpan(filled));
            start += part;
            filled += part;
        }

        return result;
    }

    private async ValueTask<byte?> NextAsync(CancellationToken cancellationToken) =>
        start == end && !await FillAsync(cancellationToken) ? null : buffer[start++];

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        start = 0;
        end = await stream.ReadAsync(buffer, cancellationToken);
        return end > 0;
    }

    private static bool EndsWithEmptyLine(MemoryStream head)
    {
        var octets = head.GetBuffer().AsSpan(0, (int)head.Length);
        return octets.EndsWith("\r\n\r\n"u8) || octets.EndsWith("\n\n"u8);
    }
}
