using System.Net;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Tiles;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Audit;

/// <summary>A ledger as an appliance publishes it, over HTTP.</summary>
internal sealed class PublishedLedger : IDisposable
{
    private const int MaxAnswer = 2 * 1024 * 1024;
    private const int Tries = 5;
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 8 }) { MaxResponseContentBufferSize = MaxAnswer, Timeout = TimeSpan.FromSeconds(30) };
    private readonly string _prefix;

    /// <param name="prefix">With the path of the log's origin: <c>http://pki.example.org:8080/log/ID/EPOCH</c>.</param>
    public PublishedLedger(Uri prefix) => (_prefix, Tiles) = (prefix.ToString().TrimEnd('/'), new TiledLedger(async (tile, cancellationToken) => await GetAsync($"tile/{tile}", cancellationToken)));

    /// <summary>Reads an address of a command line.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static Uri AddressOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.Query.Length == 0
        ? address
        : throw new CommandException(ExitCodes.Usage, $"'{text}' is not the address of a published ledger.", "Say it as http://HOST:PORT/log/ID/EPOCH.");

    public TiledLedger Tiles { get; }

    /// <summary>The newest head that it serves, not verified but for its origin: what stands there is the log of that address.</summary>
    /// <exception cref="CommandException">It does not answer, or not with that.</exception>
    public async Task<SignedCheckpoint> HeadAsync(CancellationToken cancellationToken)
    {
        var text = System.Text.Encoding.UTF8.GetString(await GetAsync("checkpoint", cancellationToken));
        if (!SignedCheckpoint.TryParse(text, out var head, out var error))
        {
            throw new CommandException(ExitCodes.CheckFailed, $"{_prefix}/checkpoint is no checkpoint: {error}.", "Ask the log's operator.");
        }

        var path = head.Checkpoint.Origin.IndexOf('/', StringComparison.Ordinal);
        return path > 0 && _prefix.EndsWith(head.Checkpoint.Origin[path..], StringComparison.Ordinal)
            ? head
            : throw new CommandException(ExitCodes.CheckFailed, $"{_prefix} serves the log {head.Checkpoint.Origin}.", "After a restore the log has another address; ask its operator for the new key.");
    }

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> GetAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                using var answer = await _http.GetAsync($"{_prefix}/{path}", cancellationToken);
                if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && attempt < Tries)
                {
                    await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), cancellationToken);
                    continue;
                }

                return answer.IsSuccessStatusCode
                    ? await answer.Content.ReadAsByteArrayAsync(cancellationToken)
                    : throw new CommandException(ExitCodes.Environment, $"{_prefix}/{path} answers {(int)answer.StatusCode}.", "Compare the address with the log's origin; the appliance serves it where 'ledger: publish: true' is set.");
            }
        }
        catch (HttpRequestException error)
        {
            throw new CommandException(ExitCodes.Environment, $"{_prefix} does not answer: {error.Message}", "Look whether the appliance serves, and whether the address is its HTTP or HTTPS port.", error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCodes.Environment, $"{_prefix} did not answer within {_http.Timeout.TotalSeconds:0} seconds.", "Try again.");
        }
    }
}
