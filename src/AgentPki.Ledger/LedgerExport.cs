using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AgentPki.Ledger;

/// <summary>
/// A log as a text file for an auditor: JSON, one object a line. First <c>{"log":…,"epoch":…,"size":…}</c>, then every checkpoint as <c>{"checkpoint":…}</c> (the signed note with
/// its cosignatures), then every entry as <c>{"leaf":…,"salt":…,"details":…}</c> (base64; salt and details null once erased). It verifies on another machine, with nothing but the
/// ledger's key and the witnesses'.
/// </summary>
public sealed class LedgerExport : ILedgerReader
{
    private readonly string _path;
    private readonly LedgerExtent _extent;

    private LedgerExport(string path, LedgerExtent extent) => (_path, _extent) = (path, extent);

    /// <summary>Opens an export.</summary>
    /// <exception cref="InvalidDataException">It does not begin as an export does.</exception>
    public static async Task<LedgerExport> OpenAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var line in ReadLinesAsync(path, cancellationToken))
        {
            if (line.TryGetProperty("log", out var log) && LogId.TryParse(log.GetString(), out var logId) && line.TryGetProperty("epoch", out var epoch) && line.TryGetProperty("size", out var size))
            {
                return new LedgerExport(path, new LedgerExtent(logId, epoch.GetInt64(), size.GetInt64()));
            }

            break;
        }

        throw new InvalidDataException($"{path} is not an export of a ledger: its first line names no log.");
    }

    /// <summary>Writes an export of <paramref name="log"/>.</summary>
    public static async Task WriteAsync(ILedgerReader log, Stream destination, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(destination, leaveOpen: true) { NewLine = "\n" };
        var extent = await log.ExtentAsync(cancellationToken);
        await writer.WriteLineAsync(JsonSerializer.Serialize(new { log = extent.LogId.ToString(), epoch = extent.Epoch, size = extent.Size }));
        await foreach (var note in log.ReadCheckpointsAsync(cancellationToken))
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(new { checkpoint = note }));
        }

        await foreach (var record in log.ReadAsync(0, cancellationToken))
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(new { leaf = record.Leaf.Encode(), salt = record.Salt?.ToArray(), details = record.EncodedDetails?.ToArray() }));
        }
    }

    public ValueTask<LedgerExtent> ExtentAsync(CancellationToken cancellationToken) => new(_extent);

    /// <exception cref="InvalidDataException">A line is not an entry.</exception>
    public async IAsyncEnumerable<LedgerRecord> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in ReadLinesAsync(_path, cancellationToken))
        {
            if (line.TryGetProperty("leaf", out var encoded))
            {
                if (!encoded.TryGetBytesFromBase64(out var octets) || !LedgerLeaf.TryDecode(octets, out var leaf))
                {
                    throw new InvalidDataException($"{_path} has a line that is no ledger entry: {encoded}");
                }

                if (leaf.Index >= from)
                {
                    yield return new LedgerRecord(leaf, Octets(line, "salt"), Octets(line, "details"));
                }
            }
        }
    }

    public async IAsyncEnumerable<string> ReadCheckpointsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in ReadLinesAsync(_path, cancellationToken))
        {
            if (line.TryGetProperty("checkpoint", out var note))
            {
                yield return note.GetString() ?? "";
            }
            else if (line.TryGetProperty("leaf", out _))
            {
                // They stand before the entries, so that the long part of the file is read once.
                yield break;
            }
        }
    }

    private static ReadOnlyMemory<byte>? Octets(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var octets) ? (ReadOnlyMemory<byte>?)octets : null;

    private static async IAsyncEnumerable<JsonElement> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in File.ReadLinesAsync(path, cancellationToken))
        {
            JsonElement parsed;
            try
            {
                parsed = JsonElement.Parse(line);
            }
            catch (JsonException damaged)
            {
                throw new InvalidDataException($"{path} has a line that is not JSON: {damaged.Message}", damaged);
            }

            if (parsed.ValueKind == JsonValueKind.Object)
            {
                yield return parsed;
            }
        }
    }
}
