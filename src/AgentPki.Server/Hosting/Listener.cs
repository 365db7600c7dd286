using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Hosting;

/// <summary>The doors of the appliance. An endpoint is served at the doors it is mapped at, and at no other.</summary>
public enum ListenerKind
{
    /// <summary>TLS: enrolment protocols.</summary>
    Https,

    /// <summary>Plain HTTP: what must be readable before anything can be trusted (AIA, CRL, OCSP) and health.</summary>
    Http,

    /// <summary>Administration: the Unix socket in the home, and the TLS port of its own where there is one.</summary>
    Admin,

    /// <summary>The SPIFFE Workload API: a Unix socket for processes of this machine.</summary>
    Workloads,

    /// <summary>TLS with an X.509-SVID: the bundle for foreign trust domains.</summary>
    Bundles,
}

/// <summary>Which door a connection came in by. Set by the connection itself: no header can change it.</summary>
public sealed record ListenerFeature(ListenerKind Kind);

/// <summary>Endpoint metadata: the doors it is served at.</summary>
public sealed record ListenerMetadata(IReadOnlyList<ListenerKind> Kinds);

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

    /// <summary>A group whose endpoints answer at these doors only. What answers at two is mapped once: routing knows no doors, and could not choose.</summary>
    public static RouteGroupBuilder MapAt(this IEndpointRouteBuilder routes, params IReadOnlyList<ListenerKind> kinds)
    {
        var group = routes.MapGroup("");
        group.WithMetadata(new ListenerMetadata(kinds));
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
        endpoint.Metadata.GetMetadata<ListenerMetadata>() is { } door && context.Features.Get<ListenerFeature>() is { } came && door.Kinds.Contains(came.Kind) &&
        (endpoint.Metadata.GetMetadata<LoopbackOnlyMetadata>() is null || (context.Connection.RemoteIpAddress is { } client && IPAddress.IsLoopback(client)));
}
