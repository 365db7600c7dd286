using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace AgentPki.Client.Revocation;

/// <summary>
/// Reads the data of Server-Sent Events (HTML Living Standard §9.2.6), which are one line each here; names, ids, comments and empty lines are passed over, for whatever counts is in
/// the signed data.
/// </summary>
/// <param name="longest">Octets of a line at most.</param>
internal sealed class EventStreamReader(Stream stream, int longest)
{
    private readonly PipeReader _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    /// <summary>The next event's data; null at the end.</summary>
    /// <exception cref="FeedException">A line is longer than any statement is.</exception>
    public async ValueTask<string?> ReadDataAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (TryTakeLine(ref buffer, out var line))
            {
                if (Data(line) is { } data)
                {
                    _reader.AdvanceTo(buffer.Start);
                    return data;
                }
            }

            if (buffer.Length > longest)
            {
                throw new FeedException("a line of the feed is longer than any statement");
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private static string? Data(in ReadOnlySequence<byte> line)
    {
        const string Field = "data:";
        var text = line.Length < Field.Length ? "" : Encoding.UTF8.GetString(line);
        return text.StartsWith(Field, StringComparison.Ordinal) ? text[Field.Length..].Trim() : null;
    }
}
