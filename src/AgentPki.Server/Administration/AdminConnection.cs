using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Administration;

/// <summary>The admin API of the appliance that runs on a home, over its Unix socket. Every verb that changes something goes through here.</summary>
public sealed class AdminConnection : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private readonly ApplianceHome _home;
    private readonly AdminIdentity? _identity;
    private readonly string? _comment;
    private readonly HttpClient _http;

    /// <summary>As whom the command was told (<c>--as</c>, <c>AGENTPKI_ADMIN</c>), or without a certificate.</summary>
    /// <exception cref="CommandException">The file with his certificate cannot be used.</exception>
    /// <param name="timeout">For what takes longer than two minutes.</param>
    public AdminConnection(CommandContext context, TimeSpan? timeout = null)
        : this(context.Home(), AdminIdentity.Of(context), context.Variable(CommentVariable), timeout)
    {
    }

    private AdminConnection(ApplianceHome home, AdminIdentity? identity, string? comment, TimeSpan? timeout = null)
    {
        (_home, _identity, _comment) = (home, identity, comment is { Length: > 0 } ? comment : null);
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false }) { BaseAddress = new Uri($"http://localhost{AdminEndpoints.Root}/"), Timeout = timeout ?? Timeout };
    }

    /// <summary>What the second person is told, where one is wanted.</summary>
    public const string CommentVariable = "AGENTPKI_COMMENT";

    /// <summary>By the socket alone: enough to learn how the appliance is.</summary>
    public static AdminConnection WithoutCertificate(ApplianceHome home) => new(home, null, null);

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

    /// <summary>Sends an officer's share, in octets that are zeroized.</summary>
    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public async Task<T> PostOctetsAsync<T>(string path, OpenedShare share, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var octets = share.Encode();
        try
        {
            var content = new ByteArrayContent(octets);
            content.Headers.ContentType = new MediaTypeHeaderValue(LockedAdminEndpoints.ShareType);
            return await SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = content }, type, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(octets);
        }
    }

    /// <exception cref="CommandException">The appliance does not run, or refused.</exception>
    public Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), type, cancellationToken);

    public void Dispose()
    {
        _http.Dispose();
        _identity?.Dispose();
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using (request)
        {
            if (_comment is { } comment && request.Method != HttpMethod.Get && request.RequestUri is { } target)
            {
                var text = target.OriginalString;
                request.RequestUri = new Uri($"{text}{(text.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{AdminEndpoints.CommentParameter}={Uri.EscapeDataString(comment)}", UriKind.Relative);
            }

            try
            {
                using var answer = await _http.SendAsync(request, cancellationToken);
                await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    throw await WaitsAsync(body, cancellationToken);
                }

                if (!answer.IsSuccessStatusCode)
                {
                    throw await RefusalAsync(answer.StatusCode, body, cancellationToken);
                }

                return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
                    ?? throw new CommandException(ExitCodes.Internal, $"The appliance answered {request.RequestUri} with nothing.", "Its version may differ from this program's: restart it.");
            }
            catch (Exception error) when (error is HttpRequestException or IOException or System.Security.Authentication.AuthenticationException)
            {
                throw NotRunning(error);
            }
            catch (JsonException error)
            {
                throw new CommandException(ExitCodes.Internal, $"The appliance's answer to {request.RequestUri} could not be read.", "Its version may differ from this program's: restart it.", error);
            }
        }
    }

    private static async Task<CommandException> WaitsAsync(Stream body, CancellationToken cancellationToken)
    {
        var request = await JsonSerializer.DeserializeAsync(body, AdminJson.Default.AdminRequestView, cancellationToken)
            ?? throw new CommandException(ExitCodes.Internal, "The appliance answered with nothing.", "Its version may differ from this program's: restart it.");
        return new CommandException(
            ExitCodes.Waits,
            $"Nothing was done yet: request {request.Id} waits for a second person until {Output.Time(request.NotAfter)} (SHA-256 {request.Sha256}).",
            $"Somebody else with the role {string.Join(" or ", request.Approvers)} looks at it with 'agentpki request show {request.Id}' and approves it with 'agentpki request approve {request.Id}'.");
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
            var plain = new NetworkStream(socket, ownsSocket: true);
            return _identity is null ? plain : await _identity.SecureAsync(plain, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
