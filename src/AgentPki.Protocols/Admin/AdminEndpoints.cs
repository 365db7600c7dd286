using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Admin;

/// <summary>The admin API, version 1, for the administrators' doors alone: the Unix socket in the home folder, and their own TLS listener where there is one (Server binds them).</summary>
public static class AdminEndpoints
{
    /// <summary>Where it is mapped.</summary>
    public const string Root = "/admin/v1";

    /// <summary>The query parameter with what a second person is told.</summary>
    public const string CommentParameter = AdminDispatch.Comment;

    internal static IReadOnlyList<AdminOperation> Operations { get; } = [.. AdminStatus.Operations, .. AdminLocks.Operations, .. AdminCertificates.Operations, .. AdminRegistry.Operations, .. AdminTrees.Operations, .. AdminOwners.Operations, .. AdminRevocations.Operations, .. AdminEnrollment.Operations, .. AdminAcme.Operations, .. AdminCampaigns.Operations, .. AdminSuccessions.Operations, .. AdminBackups.Operations, .. AdminAudit.Operations, .. AdminGovernance.Operations, .. AdminRequests.Operations, .. AdminProfiles.Operations, .. AdminDecisions.Operations, .. AdminWatch.Operations, .. AdminWatchResponses.Operations];

    /// <summary>Maps every operation, and the document that describes them at <c>/admin/v1/openapi.json</c>.</summary>
    public static RouteGroupBuilder MapAdmin(this IEndpointRouteBuilder routes, AdminServices services)
    {
        var group = routes.MapGroup(Root);
        foreach (var path in Operations.GroupBy(o => o.Path, StringComparer.Ordinal))
        {
            var operations = path.ToArray();
            group.Map(path.Key, context => DispatchAsync(services, context, operations));
        }

        group.Map("/openapi.json", async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(AdminOpenApi.Document, context.RequestAborted);
        });
        return group;
    }

    /// <summary>After a start: finishes what a second person had approved when the appliance ended.</summary>
    public static ValueTask ResumeAsync(AdminServices services, CancellationToken cancellationToken) => AdminExecution.ResumeAsync(services, cancellationToken);

    private static Task DispatchAsync(AdminServices services, HttpContext context, AdminOperation[] operations)
    {
        foreach (var operation in operations)
        {
            if (HttpMethods.Equals(operation.Method, context.Request.Method))
            {
                return AdminDispatch.HandleAsync(services, context, operation);
            }
        }

        context.Response.Headers.Allow = string.Join(", ", operations.Select(o => o.Method));
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }
}
