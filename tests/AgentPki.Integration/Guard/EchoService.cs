using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentPki.Integration.Guard;

/// <summary>A service that knows nothing of certificates: says what it was asked, streams, and is slow, on demand.</summary>
internal sealed class EchoService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoService(WebApplication app) => _app = app;

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Streams that are open.</summary>
    public ConcurrentDictionary<string, byte> Streams { get; } = new();

    public static async Task<EchoService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var service = new EchoService(builder.Build());
        service._app.Map("/headers", (HttpContext context) => string.Concat(context.Request.Headers.Select(h => $"{h.Key.ToLowerInvariant()}={h.Value}\n")));
        service._app.Map("/path/{**rest}", (HttpContext context) => context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget);
        service._app.Map("/slow", async context => await Task.Delay(Timeout.Infinite, context.RequestAborted));
        service._app.Map("/echo", async context => await context.Request.Body.CopyToAsync(context.Response.Body));
        service._app.Map("/stream/{name}", service.StreamAsync);
        await service._app.StartAsync();
        return service;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task StreamAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        Streams[name] = 0;
        try
        {
            while (true)
            {
                await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("tick\n"), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(50, context.RequestAborted);
            }
        }
        finally
        {
            Streams.TryRemove(name, out _);
        }
    }
}
