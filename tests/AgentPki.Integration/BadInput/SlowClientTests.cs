using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Clients that say little, slowly (slowloris): each is ended in bounded time, and nobody else waits for them.</summary>
public sealed class SlowClientTests(HostileAppliance fixture) : IClassFixture<HostileAppliance>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task SlowClients_AreEnded_AndOthersAreServed()
    {
        var appliance = (await fixture.GetAsync()).Appliance;
        var slow = new[]
        {
            EndOfAsync("a TCP connection without a handshake", () => PlainSocketAsync(appliance.HttpsPort), ""),
            EndOfAsync("a TLS connection without a request", () => appliance.Https().ConnectAsync(), "GET /"),
            EndOfAsync("headers, one octet a second", () => appliance.Https().ConnectAsync(), "GET /.well-known/est/cacerts HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
            EndOfAsync("a body, one octet a second", () => appliance.Https().ConnectAsync(),
                $"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pkcs10\r\n{Requests.Basic(appliance.Credential)}\r\nContent-Length: 20000\r\n\r\n"),
        };

        for (var round = 0; round < 5; round++)
        {
            await EnrolledAgent.CreateAsync(appliance, "meanwhile");
        }

        await Task.WhenAll(slow);
    }

    [Fact]
    public async Task HundredsOfIdleConnections_DoNotKeepOthersOut()
    {
        var appliance = (await fixture.GetAsync()).Appliance;
        var idle = new List<Stream>();
        try
        {
            for (var i = 0; i < 300; i++)
            {
                idle.Add(await PlainSocketAsync(appliance.HttpsPort));
            }

            await EnrolledAgent.CreateAsync(appliance, "crowded");
        }
        finally
        {
            idle.ForEach(stream => stream.Dispose());
        }
    }

    // Says the beginning, then one octet a second until the server has had enough.
    private static async Task EndOfAsync(string what, Func<Task<Stream>> connect, string beginning)
    {
        var stream = await connect();
        var watch = Stopwatch.StartNew();
        var ended = ReadToEndAsync(stream);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(beginning));
            while (!ended.IsCompleted && watch.Elapsed < Limit)
            {
                await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(1)));
                if (beginning.Length > 0)
                {
                    await stream.WriteAsync("a"u8.ToArray());
                }
            }
        }
        catch (IOException)
        {
            // Writing to a connection that the server has ended: what this waits for.
        }

        Assert.True(watch.Elapsed < Limit, $"{what} was still open after {watch.Elapsed.TotalSeconds:0} s");
        await ended.WaitAsync(TimeSpan.FromSeconds(5));
        await stream.DisposeAsync();
    }

    private static async Task ReadToEndAsync(Stream stream)
    {
        var buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    private static async Task<Stream> PlainSocketAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        return client.GetStream();
    }
}
