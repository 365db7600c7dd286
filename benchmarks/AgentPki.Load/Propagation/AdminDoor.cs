using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AgentPki.Load.Propagation;

/// <summary>The appliance's admin API over its Unix socket.</summary>
internal sealed class AdminDoor(string socketPath) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>Holds or releases, and returns the revocation epoch.</summary>
    internal async Task<(long Epoch, long Certificates)> PostAsync(string path, string body, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await _http.PostAsync($"http://localhost/admin/v1/{path}", new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);
        string text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode)
            throw new LoadException($"The admin API answered {(int)answer.StatusCode}: {text}");
        using var result = JsonDocument.Parse(text);
        return (result.RootElement.GetProperty("epoch").GetInt64(), result.RootElement.GetProperty("revoked").GetInt64());
    }

    public void Dispose() => _http.Dispose();
}
