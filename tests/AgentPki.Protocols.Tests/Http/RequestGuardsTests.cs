using System.Net;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Tests.Http;

public sealed class RequestGuardsTests
{
    [Fact]
    public async Task Failures_AreAnsweredOpaquelyAndLoggedWithTheSameId()
    {
        var log = new CapturedLog();
        await using var server = await TestServer.StartAsync(
            routes =>
            {
                routes.Map("/bug", _ => throw new InvalidOperationException("the secret is hunter2"));
                routes.Map("/token", _ => throw new KeyUnavailableException("C_Sign: CKR_DEVICE_REMOVED", TimeSpan.FromSeconds(3)));
                routes.Map("/store", _ => throw new StoreUnavailableException("disk full at /var/lib"));
                routes.Map("/later", async context =>
                {
                    await Task.Yield();
                    context.Response.Headers.ETag = "\"x\"";
                    throw new InvalidOperationException("the secret is hunter2");
                });
            },
            logger: log);
        using var client = server.Client();
        foreach (var (path, status, retry) in new[] { ("/bug", 500, null), ("/token", 503, "3"), ("/store", 503, "5"), ("/later", 500, (string?)null) })
        {
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var id = answer.Headers.GetValues("X-Correlation-Id").Single();
            Assert.Equal((HttpStatusCode)status, answer.StatusCode);
            Assert.Equal(retry, answer.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);
            Assert.Contains(id, text, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
            Assert.DoesNotContain("CKR_", text, StringComparison.Ordinal);
            Assert.DoesNotContain("/var", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
            Assert.Contains(log.Lines, line => line.Contains(id, StringComparison.Ordinal) && line.Contains(path, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Failure_AfterTheAnswerBegan_EndsTheConnection()
    {
        await using var server = await TestServer.StartAsync(routes => routes.Map("/half", async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException();
        }));
        using var client = server.Client();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/half", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Headers_OfEveryAnswer_LeaveNothingToGuess()
    {
        await using var server = await TestServer.StartAsync(routes => routes.Map("/", () => "x"));
        using var https = server.Client();
        using var secure = await https.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Equal("nosniff", secure.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("max-age=31536000", secure.Headers.GetValues("Strict-Transport-Security").Single());
        Assert.False(secure.Headers.Contains("Server"));
        using var http = server.Client(to: server.Http);
        using var plain = await http.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.False(plain.Headers.Contains("Strict-Transport-Security")); // RFC 6797 §7.2: never over plain HTTP
        using var missing = await https.GetAsync("/missing", TestContext.Current.CancellationToken);
        Assert.Equal("nosniff", missing.Headers.GetValues("X-Content-Type-Options").Single());
    }

    private sealed class CapturedLog : ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
    }
}
