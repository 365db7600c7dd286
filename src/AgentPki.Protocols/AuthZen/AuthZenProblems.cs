using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.AuthZen;

/// <summary>From problems to AuthZEN's errors (§10.1.2): a status and an error message string. A denial is none of them.</summary>
internal static class AuthZenProblems
{
    public static Task WriteAsync(HttpContext context, PkiProblem problem)
    {
        var (status, title) = Map(problem.Kind);
        return ProblemText.WriteAsync(context, status, title, problem);
    }

    public static (int Status, string Title) Map(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.RateLimited => (StatusCodes.Status429TooManyRequests, "too many requests"),
        PkiProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable"),
        PkiProblemKind.Unauthenticated => (StatusCodes.Status401Unauthorized, "not authenticated"),
        PkiProblemKind.Unauthorized or PkiProblemKind.ApprovalDenied => (StatusCodes.Status403Forbidden, "not allowed"),
        PkiProblemKind.NotFound or PkiProblemKind.UnknownProfile => (StatusCodes.Status404NotFound, "not found"),
        PkiProblemKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too large"),
        PkiProblemKind.Conflict or PkiProblemKind.IssuanceRejected => (StatusCodes.Status500InternalServerError, "internal error"),
        // A wrong Content-Type is a Bad Request here.
        PkiProblemKind.UnsupportedMediaType or PkiProblemKind.MalformedRequest or PkiProblemKind.BadProofOfPossession or PkiProblemKind.UnsupportedAlgorithm or PkiProblemKind.BadPublicKey
            or PkiProblemKind.PolicyViolation or PkiProblemKind.IdentityMismatch => (StatusCodes.Status400BadRequest, "bad request"),
    };
}
