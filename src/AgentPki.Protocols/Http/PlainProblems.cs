using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Http;

/// <summary>Refusals of what is no enrolment protocol: the ledger over HTTP, a witness.</summary>
internal static class PlainProblems
{
    public static Task NotFoundAsync(HttpContext context, string what) => WriteAsync(context, new PkiProblem(PkiProblemKind.NotFound, what));

    public static Task WriteAsync(HttpContext context, PkiProblem problem)
    {
        var (status, title) = Map(problem.Kind);
        return ProblemText.WriteAsync(context, status, title, problem);
    }

    public static (int Status, string Title) Map(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.RateLimited => (StatusCodes.Status429TooManyRequests, "too many requests"),
        PkiProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable"),
        PkiProblemKind.NotFound or PkiProblemKind.UnknownProfile => (StatusCodes.Status404NotFound, "not found"),
        PkiProblemKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "unsupported media type"),
        PkiProblemKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too large"),
        PkiProblemKind.Conflict => (StatusCodes.Status409Conflict, "conflict"),
        PkiProblemKind.Unauthenticated or PkiProblemKind.Unauthorized or PkiProblemKind.ApprovalDenied => (StatusCodes.Status403Forbidden, "not allowed"),
        PkiProblemKind.IssuanceRejected => (StatusCodes.Status500InternalServerError, "not answered"),
        PkiProblemKind.MalformedRequest or PkiProblemKind.BadProofOfPossession or PkiProblemKind.UnsupportedAlgorithm or PkiProblemKind.BadPublicKey
            or PkiProblemKind.PolicyViolation or PkiProblemKind.IdentityMismatch => (StatusCodes.Status400BadRequest, "malformed request"),
    };
}
