using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Revocations;

/// <summary>What the revocation feed refuses.</summary>
internal static class RevocationProblems
{
    public static Task WriteAsync(HttpContext context, PkiProblem problem)
    {
        var (status, title) = Map(problem.Kind);
        return ProblemText.WriteAsync(context, status, title, problem);
    }

    public static Task NotFoundAsync(HttpContext context, string what) => WriteAsync(context, new PkiProblem(PkiProblemKind.NotFound, what));

    public static Task NoFeedAsync(HttpContext context) => NotFoundAsync(context, "this appliance has no revocation feed: none of its profiles has 'use: revocation-feed'");

    public static Task UnavailableAsync(HttpContext context, Exception failure) => WriteAsync(context, new PkiProblem(
        PkiProblemKind.Unavailable, "the revocation feed cannot speak now", failure is KeyUnavailableException { RetryAfter: var after } ? after : TimeSpan.FromSeconds(2)));

    /// <summary>410: the statements from there on are not kept (any more, or yet); the snapshot is where to begin.</summary>
    public static Task GoneAsync(HttpContext context, long last)
    {
        const string Snapshot = $"{RevocationEndpoints.Root}/snapshot";
        context.Response.Headers.Location = Snapshot;
        context.Response.Headers.Link = $"<{Snapshot}>; rel=\"start\"";
        return ProblemText.WriteTextAsync(context, StatusCodes.Status410Gone, $"The statements after that sequence are not kept here (the newest is {last}): take {Snapshot} and go on from its sequence.\n", null);
    }

    public static (int Status, string Title) Map(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "unsupported media type"),
        PkiProblemKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too large"),
        PkiProblemKind.RateLimited => (StatusCodes.Status429TooManyRequests, "too many requests"),
        PkiProblemKind.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable"),
        PkiProblemKind.NotFound or PkiProblemKind.UnknownProfile => (StatusCodes.Status404NotFound, "not found"),
        PkiProblemKind.Conflict => (StatusCodes.Status409Conflict, "conflict"),
        PkiProblemKind.Unauthenticated or PkiProblemKind.Unauthorized or PkiProblemKind.ApprovalDenied => (StatusCodes.Status403Forbidden, "not allowed"),
        PkiProblemKind.IssuanceRejected => (StatusCodes.Status500InternalServerError, "not answered"),
        PkiProblemKind.MalformedRequest or PkiProblemKind.BadProofOfPossession or PkiProblemKind.UnsupportedAlgorithm or PkiProblemKind.BadPublicKey
            or PkiProblemKind.PolicyViolation or PkiProblemKind.IdentityMismatch => (StatusCodes.Status400BadRequest, "malformed request"),
    };
}
