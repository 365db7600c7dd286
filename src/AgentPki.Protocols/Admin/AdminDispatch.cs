using System.Buffers;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>A call by HTTP: who calls, whether he may, what he sent, and only then the operation itself.</summary>
internal static class AdminDispatch
{
    /// <summary>The query parameter with what the second person is told.</summary>
    public const string Comment = "comment";

    private static readonly TimeSpan BodyDeadline = TimeSpan.FromSeconds(10);

    public static async Task HandleAsync(AdminServices services, HttpContext context, AdminOperation operation)
    {
        var cancellationToken = context.RequestAborted;
        if (WhyNotFromBrowser(context) is { } browser)
        {
            await RefuseAsync(services, context, operation, AuditTrail.Stranger, browser, record: true);
            return;
        }

        switch (await services.Caller(context, cancellationToken))
        {
            case AdminIdentification.Unknown(var actor, var problem):
                await RefuseAsync(services, context, operation, actor, problem, record: true);
                break;
            case AdminIdentification.Known(var caller) when operation.Access.WhyNot(caller) is { } denied:
                await RefuseAsync(services, context, operation, caller.Actor, denied, record: true);
                break;
            case AdminIdentification.Known(var caller) when operation.Method != HttpMethods.Get && services.Authority.Commits.Stopped is { } stopped:
                // Nothing is recorded any more, this neither.
                await RefuseAsync(services, context, operation, caller.Actor, new PkiProblem(PkiProblemKind.Unavailable, stopped, TimeSpan.FromHours(1)), record: false);
                break;
            case AdminIdentification.Known(var caller):
                Log.Called(services.Logger, operation.Id, CorrelationId.Of(context), caller.Actor);
                await RunAsync(services, context, operation, caller, cancellationToken);
                break;
        }
    }

    private static async Task RunAsync(AdminServices services, HttpContext context, AdminOperation operation, AdminCaller caller, CancellationToken cancellationToken)
    {
        var body = ReadOnlyMemory<byte>.Empty;
        if (operation.Body is not null)
        {
            switch (await ReadAsync(services, context, operation.BodyLimit, cancellationToken))
            {
                case Outcome<byte[]>.Done(var octets):
                    body = octets;
                    break;
                case Outcome<byte[]>.Refused(var unread):
                    await RefuseAsync(services, context, operation, caller.Actor, unread, record: true);
                    return;
            }
        }

        var call = new AdminCall(services, AdminTarget.Of(context), caller, caller.Actor, operation.Access.OwnersOf(caller), CorrelationId.Of(context));
        if (await WaitsAsync(operation, call, body, cancellationToken))
        {
            await AskAsync(services, context, operation, call, body, cancellationToken);
            return;
        }

        switch (await operation.Run(call, body, cancellationToken))
        {
            case Outcome<byte[]>.Done(var answer):
                await WriteAsync(context, StatusCodes.Status200OK, answer);
                break;
            case Outcome<byte[]>.Refused(var problem):
                await RefuseAsync(services, context, operation, caller.Actor, problem, record: false);
                break;
        }
    }

    /// <summary>Whether a call is one that waits. What cannot be read waits for nobody: it is refused.</summary>
    private static async ValueTask<bool> WaitsAsync(AdminOperation operation, AdminCall call, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        !call.Caller.IsWaived && operation.Check(body) is null && operation.Access.Second switch
        {
            SecondPerson.Always => true,
            SecondPerson.AboveLimit => operation.IsAboveLimit is not { } above || await above(call, body, cancellationToken),
            _ => false,
        };

    private static async Task AskAsync(AdminServices services, HttpContext context, AdminOperation operation, AdminCall call, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var problem = call.Target.Text.Length > AdminTarget.MaximumLength ? new PkiProblem(PkiProblemKind.TooLarge, $"path and query of what waits for a second person are at most {AdminTarget.MaximumLength} characters")
            : operation.WhyNot is { } whyNot ? await whyNot(call, body, cancellationToken)
            : null;
        if (problem is not null)
        {
            await RefuseAsync(services, context, operation, call.Actor, problem, record: true);
            return;
        }

        var wanted = new NewAdminRequest(operation.Id, operation.Method, call.Target.Text, body.ToArray(), call.Query(Comment));
        switch (await services.Authority.AdminRequests.AskAsync(wanted, call.Caller, call.CorrelationId, cancellationToken))
        {
            case Outcome<AdminRequestRecord>.Done(var record):
                Log.Waits(services.Logger, operation.Id, call.CorrelationId, call.Actor, record.Id);
                context.Response.Headers.Location = $"{AdminEndpoints.Root}/requests/{record.Id}";
                await WriteAsync(context, StatusCodes.Status202Accepted, AdminRequests.Answer(record));
                break;
            case Outcome<AdminRequestRecord>.Refused(var refused):
                await RefuseAsync(services, context, operation, call.Actor, refused, record: false);
                break;
        }
    }

    /// <summary>
    /// No browser calls this API: a page of somebody else's could make one send what its user's certificate allows, for a call without a body needs no leave
    /// (Fetch §3.3). Browsers say that they are ones.
    /// </summary>
    private static PkiProblem? WhyNotFromBrowser(HttpContext context) =>
        context.Request.Headers.Origin.Count > 0 || context.Request.Headers.ContainsKey("Sec-Fetch-Site")
            ? new PkiProblem(PkiProblemKind.Unauthorized, "the admin API takes nothing from browsers: use the agentpki command, or curl with your certificate")
            : null;

    private static async ValueTask<Outcome<byte[]>> ReadAsync(AdminServices services, HttpContext context, int limit, CancellationToken cancellationToken)
    {
        if (!MediaType.Is(context.Request, "application/json"))
        {
            return new Outcome<byte[]>.Refused(new PkiProblem(PkiProblemKind.UnsupportedMediaType, "the Content-Type must be application/json"));
        }

        var body = await RequestBody.ReadAsync(context, limit, BodyDeadline, services.Time, cancellationToken);
        if (body.Problem is { } problem)
        {
            return new Outcome<byte[]>.Refused(problem);
        }

        try
        {
            return new Outcome<byte[]>.Done(body.Octets.ToArray());
        }
        finally
        {
            body.Release();
        }
    }

    private static async Task WriteAsync(HttpContext context, int status, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <param name="record">Whether nobody has recorded the refusal yet.</param>
    private static async Task RefuseAsync(AdminServices services, HttpContext context, AdminOperation operation, string actor, PkiProblem problem, bool record)
    {
        if (record)
        {
            await services.Authority.Audit.RefuseAsync(new Refusal(actor, problem, "admin", CorrelationId.Of(context)), context.RequestAborted);
        }

        Log.Refused(services.Logger, operation.Id, CorrelationId.Of(context), actor, problem.Kind, problem.Detail);
        await AdminProblems.WriteAsync(context, problem);
    }
}
