using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Hosting;

/// <summary>The three doors of the appliance. An endpoint is served at exactly one of them.</summary>
public enum ListenerKind
{
    /// <summary>TLS: enrolment protocols.</summary>
    Https,

    /// <summary>Plain HTTP: what must be readable before anything can be trusted (AIA, CRL, OCSP) and health.</summary>
    Http,

    /// <summary>The Unix socket in the home: administration.</summary>
    Admin,
}

/// <summary>Which door a connection came in by. Set by the connection itself: no header can change it.</summary>
public sealed record ListenerFeature(ListenerKind Kind);

/// <summary>Endpoint metadata: the door it is served at.</summary>
public sealed record ListenerMetadata(ListenerKind Kind);

/// <summary>Endpoint metadata: for clients on this machine only.</summary>
public sealed record LoopbackOnlyMetadata;

/// <summary>Keeps the doors apart.</summary>
public static class ListenerExtensions
{
    /// <summary>Marks every connection of this Kestrel listener.</summary>
    public static ListenOptions MarkAs(this ListenOptions options, ListenerKind kind)
    {
        var feature = new ListenerFeature(kind);
        options.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
        return options;
    }

    /// <summary>A group whose endpoints answer at one door only.</summary>
    public static RouteGroupBuilder MapAt(this IEndpointRouteBuilder routes, ListenerKind kind)
    {
        var group = routes.MapGroup("");
        group.WithMetadata(new ListenerMetadata(kind));
        return group;
    }

    /// <summary>Answers 404 for an endpoint of another door or of another machine; an endpoint without a door has none (default deny).</summary>
    public static void UseListenerGate(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint() is { } endpoint && !IsServed(endpoint, context))
        {
            context.SetEndpoint(null);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return next(context);
    });

    private static bool IsServed(Endpoint endpoint, HttpContext context) =>
        endpoint.Metadata.GetMetadata<ListenerMetadata>() is { } door && door.Kind == context.Features.Get<ListenerFeature>()?.Kind &&
        (endpoint.Metadata.GetMetadata<LoopbackOnlyMetadata>() is null || (context.Connection.RemoteIpAddress is { } client && IPAddress.IsLoopback(client)));
}
