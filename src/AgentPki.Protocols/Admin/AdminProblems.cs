using System.Text.Json;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>The admin API's table from problems to HTTP: RFC 9457 problem details.</summary>
internal static class AdminProblems
{
    public const string ContentType = "application/problem+json";
    private const string TypePrefix = "urn:agentpki:problem:";

    /// <summary>Status and short name; a new kind without an arm fails the build.</summary>
    public static (int Status, string Title) Map(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.MalformedRequest => (StatusCodes.Status400BadRequest, "malformed request"),
        PkiProblemKind.BadProofOfPossession => (StatusCodes.Status400BadRequest, "bad proof of possession"),
        PkiProblemKind.UnsupportedAlgorithm => (StatusCodes.Status400BadRequest, "unsupported algorithm"),
        PkiProblemKind.BadPublicKey => (StatusCodes.Status400BadRequest, "bad public key"),
        PkiProblemKind.PolicyViolation => (StatusCodes.Status422UnprocessableEntity, "not allowed by policy"),
        PkiProblemKind.IdentityMismatch => (StatusCodes.Status422UnprocessableEntity, "identity mismatch"),
        PkiProblemKind.UnknownProfile => (StatusCodes.Status404NotFound, "unknown profile"),
        PkiProblemKind.Unauthenticated => (StatusCodes.Status403Forbidden, "not an administrator"),
        PkiProblemKind.Unauthorized => (StatusCodes.Status403Forbidden, "not allowed"),
        PkiProblemKind.ApprovalDenied => (StatusCodes.Status403Forbidden, "denied"),
        PkiProblemKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too large"),
        PkiProblemKind.RateLimited => (StatusCodes.Status429TooManyRequests, "too many requests"),
        PkiProblemKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "unsupported media type"),
        PkiProblemKind.NotFound => (StatusCodes.Status404NotFound, "not found"),
        PkiProblemKind.Conflict => (StatusCodes.Status409Conflict, "conflict"),
        PkiProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable"),
        PkiProblemKind.IssuanceRejected => (StatusCodes.Status500InternalServerError, "not issued"),
    };

    public static async Task WriteAsync(HttpContext context, PkiProblem problem)
    {
        var (status, title) = Map(problem.Kind);
        var id = CorrelationId.Of(context);
        var view = new ProblemView(TypePrefix + JsonNamingPolicy.KebabCaseLower.ConvertName(problem.Kind.ToString()), title, status, ProblemText.Sentence(problem.Detail), id);
        var body = JsonSerializer.SerializeToUtf8Bytes(view, AdminJson.Default.ProblemView);
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers[CorrelationId.HeaderName] = id;
        ProblemText.SetRetryAfter(context.Response, problem.RetryAfter);
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
