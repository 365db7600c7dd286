using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Revocation;

/// <summary>Subscribers of the feed that do not read, by the hundred.</summary>
public sealed class SlowSubscriberTests
{
    private const int Subscribers = 500;
    private const int Events = 400;

    // What docs/revocation-feed.md promises at most of each in the process (64 KiB in Kestrel), and as much again for its connection; the kernel's part is not in the resident set.
    private const int KibibytesEach = 128;

    [Fact]
    [Trait("tier", "full")]
    public async Task Subscribers_ThatDoNotRead_AreCut_AndTheServersMemoryStaysWhereItWas()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "held");
        await HoldAndReleaseAsync(appliance, agent.Serial, Events / 2);
        var before = Resident(appliance);

        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Subscribers; i++)
            {
                sockets.Add(await SubscribeAsync(appliance));
            }

            var most = 0;
            for (var i = 0; i < 60; i++)
            {
                most = Math.Max(most, Resident(appliance));
                await Task.Delay(500, TestContext.Current.CancellationToken);
            }

            Assert.InRange(most - before, int.MinValue, Subscribers * KibibytesEach);

            // Each has what the kernel held for it, and then the end.
            foreach (var socket in sockets)
            {
                await EndAsync(socket);
            }
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }

        using var http = new HttpClient();
        using var polled = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://localhost:{appliance.HttpPort}/revocations/feed?after=0&wait=0"), TestContext.Current.CancellationToken));
        Assert.Equal(64, polled.RootElement.GetProperty("after").GetInt64()); // whoever comes back goes on, a page at a time
    }

    private static async Task<Socket> SubscribeAsync(Appliance appliance)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await socket.ConnectAsync("127.0.0.1", appliance.HttpPort, TestContext.Current.CancellationToken);
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /revocations/feed?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"), TestContext.Current.CancellationToken);
        return socket;
    }

    private static async Task EndAsync(Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: cut.
        }
    }

    private static async Task HoldAndReleaseAsync(Appliance appliance, string serial, int times)
    {
        using var admin = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(appliance.Home, "admin.sock")), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        for (var i = 0; i < times; i++)
        {
            foreach (var (path, body) in new[] { ("revocations", $$"""{"serial":"{{serial}}","reason":"certificateHold"}"""), ("revocations/release", $$"""{"serial":"{{serial}}"}""") })
            {
                using var answer = await admin.PostAsync($"http://localhost/admin/v1/{path}", new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
                Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            }
        }
    }

    /// <summary>KiB.</summary>
    private static int Resident(Appliance appliance) => int.Parse(
        File.ReadLines($"/proc/{appliance.ProcessId}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
