#pragma warning disable CA2025 // the answers are awaited before their client goes
using System.Net;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Health;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Health;

public sealed class HealthEndpointsTests
{
    [Fact]
    public async Task Readyz_FollowsTheReasons()
    {
        var time = new FakeTimeProvider();
        var readiness = new Scripted();
        await using var server = await TestServer.StartAsync(routes => routes.MapHealth(readiness, time));
        using var client = server.Client(to: server.Http);
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync(client, "/readyz"));

        readiness.Reasons = () => ["the token does not answer", "the\u001bdisk is full"];
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync(client, "/readyz")); // an answer is good for a quarter of a second
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not ready\n- the token does not answer\n- the\uFFFDdisk is full\n"), await GetAsync(client, "/readyz"));
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync(client, "/healthz"));

        readiness.Reasons = () => throw new StoreUnavailableException("disk full at /var/lib");
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not ready\n- the store cannot work now\n"), await GetAsync(client, "/readyz"));
    }

    [Fact]
    public async Task Readyz_AskedByMany_AsksOnce()
    {
        var readiness = new Scripted { Wait = true };
        await using var server = await TestServer.StartAsync(routes => routes.MapHealth(readiness, TimeProvider.System));
        using var client = server.Client(to: server.Http);
        var answers = Enumerable.Range(0, 20).Select(_ => GetAsync(client, "/readyz")).ToList();
        await readiness.Asked.Task;
        readiness.Release.SetResult();
        Assert.All(await Task.WhenAll(answers), a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.InRange(readiness.Count, 1, 3); // connections that were slow to come ask again after a quarter of a second
    }

    [Fact]
    public async Task Readyz_ThatHangs_IsNotReady()
    {
        var time = new FakeTimeProvider();
        var readiness = new Scripted { Wait = true };
        await using var server = await TestServer.StartAsync(routes => routes.MapHealth(readiness, time));
        using var client = server.Client(to: server.Http);
        var pending = GetAsync(client, "/readyz");
        await readiness.Asked.Task;
        time.Advance(TimeSpan.FromSeconds(2));
        var (status, text) = await pending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("2 seconds", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_IsNotAProbe()
    {
        await using var server = await TestServer.StartAsync(routes => routes.MapHealth(new Scripted(), TimeProvider.System));
        using var client = server.Client(to: server.Http);
        using var answer = await client.PostAsync("/readyz", null, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET"), (answer.StatusCode, answer.Content.Headers.Allow.Single()));
    }

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private sealed class Scripted : IReadiness
    {
        private int _count;

        public Func<IReadOnlyList<string>> Reasons { get; set; } = () => [];

        public bool Wait { get; init; }

        public TaskCompletionSource Asked { get; } = new();

        public TaskCompletionSource Release { get; } = new();

        public int Count => _count;

        public async ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            Asked.TrySetResult();
            if (Wait)
            {
                await Release.Task;
            }

            return Reasons();
        }
    }
}
