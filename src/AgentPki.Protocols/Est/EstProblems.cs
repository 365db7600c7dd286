using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>EST's table from problems to HTTP (RFC 7030 §4.2.3: any 4xx or 5xx with a text a person can read).</summary>
internal static class EstProblems
{
    /// <summary>Status and short name; a new kind without an arm fails the build.</summary>
    public static (int Status, string Title) Map(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.MalformedRequest => (StatusCodes.Status400BadRequest, "malformed request"),
        PkiProblemKind.BadProofOfPossession => (StatusCodes.Status400BadRequest, "bad proof of possession"),
        PkiProblemKind.UnsupportedAlgorithm => (StatusCodes.Status400BadRequest, "unsupported algorithm"),
        PkiProblemKind.BadPublicKey => (StatusCodes.Status400BadRequest, "bad public key"),
        PkiProblemKind.PolicyViolation => (StatusCodes.Status400BadRequest, "not what the profile allows"),
        PkiProblemKind.IdentityMismatch => (StatusCodes.Status400BadRequest, "not the identity that is renewed"),
        PkiProblemKind.UnknownProfile => (StatusCodes.Status404NotFound, "unknown label"),
        PkiProblemKind.Unauthenticated => (StatusCodes.Status401Unauthorized, "authentication required"),
        PkiProblemKind.Unauthorized => (StatusCodes.Status403Forbidden, "not allowed"),
        PkiProblemKind.ApprovalDenied => (StatusCodes.Status403Forbidden, "denied by a person"),
        PkiProblemKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too large"),
        PkiProblemKind.RateLimited => (StatusCodes.Status429TooManyRequests, "too many requests"),
        PkiProblemKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "unsupported media type"),
        PkiProblemKind.NotFound => (StatusCodes.Status404NotFound, "not found"),
        PkiProblemKind.Conflict => (StatusCodes.Status409Conflict, "conflict"),
        PkiProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable"),
        PkiProblemKind.IssuanceRejected => (StatusCodes.Status500InternalServerError, "not issued"),
    };

    /// <summary>Answers a refusal; 401 carries the challenge (RFC 7030 §3.2.3, RFC 7617 §2.1).</summary>
    public static Task WriteAsync(HttpContext context, PkiProblem problem, string challenge)
    {
        var (status, title) = Map(problem.Kind);
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = challenge;
        }

        return ProblemText.WriteAsync(context, status, title, problem);
    }

    public static string Challenge(string realm) => $"Basic realm=\"{realm}\", charset=\"UTF-8\"";
}
