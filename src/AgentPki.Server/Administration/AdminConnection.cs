using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Administration;

/// <summary>The admin API of the appliance that runs on a home, over its Unix socket. Every verb that changes something goes through here.</summary>
public sealed class AdminConnection : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private readonly ApplianceHome _home;
    private readonly HttpClient _http;

    public AdminConnection(ApplianceHome home)
    {
        _home = home;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false }) { BaseAddress = new Uri($"http://localhost{AdminEndpoints.Root}/"), Timeout = Timeout };
    }

    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), type, cancellationToken);

    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancellationToken)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = content }, type, cancellationToken);
    }

    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public Task<T> PostAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Post, path), type, cancellationToken);

    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), type, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using (request)
        {
            try
            {
                using var answer = await _http.SendAsync(request, cancellationToken);
                await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
                if (!answer.IsSuccessStatusCode)
                {
                    throw await RefusalAsync(answer.StatusCode, body, cancellationToken);
                }

                return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
                    ?? throw new CommandException(ExitCodes.Internal, $"The appliance answered {request.RequestUri} with nothing.", "Its version may differ from this program's: restart it.");
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                throw NotRunning(error);
            }
            catch (JsonException error)
            {
                throw new CommandException(ExitCodes.Internal, $"The appliance's answer to {request.RequestUri} could not be read.", "Its version may differ from this program's: restart it.", error);
            }
        }
    }

    /// <summary>RFC 9457 problem details, or whatever text came.</summary>
    private static async Task<CommandException> RefusalAsync(HttpStatusCode status, Stream body, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(body);
        var text = (await reader.ReadToEndAsync(cancellationToken)).Trim();
        var detail = text;
        try
        {
            using var json = JsonDocument.Parse(text);
            detail = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("detail", out var value) ? value.GetString() ?? text : text;
        }
        catch (JsonException)
        {
            // Plain text: shown as it is.
        }

        return new CommandException(ExitCodes.Refused, $"Refused: {detail.TrimEnd('.')}.", RemedyFor(status));
    }

    private static string RemedyFor(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => "The matching 'list' command shows what there is.",
        HttpStatusCode.Conflict => "Nothing was changed.",
        HttpStatusCode.ServiceUnavailable => "Try again; 'agentpki doctor' says what is wrong.",
        _ => "Nothing was changed; '--help' has examples.",
    };

    private CommandException NotRunning(Exception cause) => _home.Exists
        ? new CommandException(ExitCodes.NotRunning, $"No appliance is running on the home {_home.Root}.", "Start it with 'agentpki up' in another terminal.", cause)
        : new CommandException(ExitCodes.NotRunning, $"There is no appliance in {_home.Root}.", $"Make one with 'agentpki up', or name its home with {CommandContext.HomeVariable}=FOLDER.", cause);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var path = SocketPath.For(_home.AdminSocket);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path.Address), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
