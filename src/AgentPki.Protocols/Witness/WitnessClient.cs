using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Witnessing;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;

namespace AgentPki.Protocols.Witness;

/// <summary>A witness over HTTP (C2SP tlog-witness v1.0.0), as the log that asks it.</summary>
/// <param name="prefix">Submission and monitoring prefix.</param>
/// <param name="keys">All of one name.</param>
public sealed class WitnessClient(Uri prefix, IReadOnlyList<NoteKey> keys) : IWitness, IDisposable
{
    /// <summary>Longer answers are no cosignatures.</summary>
    private const int MaxAnswer = 64 * 1024;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), MaxResponseHeadersLength = 16 })
    {
        MaxResponseContentBufferSize = MaxAnswer, Timeout = WitnessFeeder.Deadline,
    };

    private readonly string _prefix = prefix.ToString().TrimEnd('/');

    public string Name => keys[0].Name;

    public IReadOnlyList<NoteKey> Keys => keys;

    public async ValueTask<WitnessReply> AddAsync(WitnessRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(request.ToString()));
            content.Headers.ContentType = new MediaTypeHeaderValue("text/plain", "utf-8");
            using var answer = await _http.PostAsync($"{_prefix}/add-checkpoint", content, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => Lines(text),
                HttpStatusCode.Conflict when Size(answer, text) is { } size => new WitnessReply.Behind(size),
                HttpStatusCode.UnprocessableEntity => new WitnessReply.Inconsistent($"it does not accept the head: {FirstLine(text)}"),
                HttpStatusCode.NotFound => new WitnessReply.Refused($"it does not watch this log (404); its operator types 'agentpki witness add', or after a restore 'agentpki witness adopt'"),
                HttpStatusCode.Forbidden => new WitnessReply.Refused($"it does not know this log's key (403: {FirstLine(text)})"),
                _ => new WitnessReply.Silent(string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}: {FirstLine(text)}")),
            };
        }
        catch (HttpRequestException failure)
        {
            return new WitnessReply.Silent($"it does not answer: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WitnessReply.Silent($"it did not answer within {WitnessFeeder.Deadline.TotalSeconds:0} seconds");
        }
    }

    /// <summary>The last head of an origin that the witness has cosigned, its lines not verified; null when it has none.</summary>
    /// <exception cref="HttpRequestException">It does not answer, or with something else: that it has none it says with 404.</exception>
    public async ValueTask<SignedCheckpoint?> LastAsync(string origin, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync($"{_prefix}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)))}/checkpoint", cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.StatusCode == HttpStatusCode.NotFound ? null
            : answer.IsSuccessStatusCode && SignedCheckpoint.TryParse(text, out var checkpoint, out _) && checkpoint.Checkpoint.Origin == origin ? checkpoint
            : throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}, and no head of that log: {FirstLine(text)}"));
    }

    public void Dispose() => _http.Dispose();

    private static WitnessReply Lines(string text)
    {
        var lines = text.Split('\n');
        var parsed = lines.AsSpan(0, lines.Length - 1).ToArray().Select(SignedNote.TryParseLine).ToList();
        return lines[^1].Length == 0 && parsed.Count is > 0 and <= SignedNote.MaxSignatures && parsed.TrueForAll(line => line is not null)
            ? new WitnessReply.Cosigned([.. parsed.OfType<NoteSignature>()])
            : new WitnessReply.Silent("its answer is not signature lines");
    }

    private static long? Size(HttpResponseMessage answer, string text) =>
        answer.Content.Headers.ContentType?.MediaType == WitnessHandler.SizeType && text.EndsWith('\n') && long.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null;

    // What a stranger says goes into a log: one line, printable, short.
    private static string FirstLine(string text)
    {
        var line = Http.ProblemText.Printable(text.Split('\n')[0]);
        return line.Length > 200 ? line[..200] : line;
    }
}
