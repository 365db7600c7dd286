using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Witness;

/// <summary>What a witness refuses before it has judged, and what it cannot do now.</summary>
internal static class WitnessProblems
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
