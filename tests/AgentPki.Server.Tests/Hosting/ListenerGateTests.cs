using System.Net;
using AgentPki.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AgentPki.Server.Tests.Hosting;

public sealed class ListenerGateTests
{
    [Theory]
    [InlineData(ListenerKind.Http, ListenerKind.Http, false, "192.0.2.1", true)]
    [InlineData(ListenerKind.Http, ListenerKind.Https, false, "127.0.0.1", false)]
    [InlineData(ListenerKind.Admin, ListenerKind.Http, false, "127.0.0.1", false)]
    [InlineData(null, ListenerKind.Http, false, "127.0.0.1", false)] // an endpoint without a door
    [InlineData(ListenerKind.Http, null, false, "127.0.0.1", false)] // a connection without a door
    [InlineData(null, null, false, "127.0.0.1", false)]
    [InlineData(ListenerKind.Http, ListenerKind.Http, true, "127.0.0.1", true)]
    [InlineData(ListenerKind.Http, ListenerKind.Http, true, "::1", true)]
    [InlineData(ListenerKind.Http, ListenerKind.Http, true, "192.0.2.1", false)]
    [InlineData(ListenerKind.Http, ListenerKind.Http, true, null, false)]
    public async Task Gate_EndpointAndConnection_MeetAtOneDoorOnly(ListenerKind? endpointDoor, ListenerKind? connectionDoor, bool loopbackOnly, string? client, bool served)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var builder = new ApplicationBuilder(services);
        builder.UseListenerGate();
        var reached = false;
        builder.Run(_ =>
        {
            reached = true;
            return Task.CompletedTask;
        });
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = client is null ? null : IPAddress.Parse(client);
        context.Features.Set(connectionDoor is { } kind ? new ListenerFeature(kind) : null);
        List<object> metadata = [];
        if (endpointDoor is { } door)
        {
            metadata.Add(new ListenerMetadata([door]));
        }

        if (loopbackOnly)
        {
            metadata.Add(new LoopbackOnlyMetadata());
        }

        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "test"));

        await builder.Build()(context);

        Assert.Equal((served, served ? 200 : 404), (reached, context.Response.StatusCode));
    }
}
