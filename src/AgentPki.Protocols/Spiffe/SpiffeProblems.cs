using AgentPki.Authority.Problems;
using Grpc.Core;

namespace AgentPki.Protocols.Spiffe;

/// <summary>Refusals as status codes of gRPC (SPIFFE Workload API §4.4, §6.1, §7.1).</summary>
internal static class SpiffeProblems
{
    /// <summary>§4.4: the caller has no identity, or may have none now.</summary>
    public static RpcException NoIdentity(string detail) => new(new Status(StatusCode.PermissionDenied, detail));

    /// <summary>§4.1: the header that no browser and no confused proxy sends.</summary>
    public static RpcException NoHeader() => new(new Status(StatusCode.InvalidArgument, $"the metadata '{WorkloadCalls.Header}: true' is missing (SPIFFE Workload API §4.1)"));

    public static RpcException Malformed(string detail) => new(new Status(StatusCode.InvalidArgument, detail));

    public static RpcException Later(string detail) => new(new Status(StatusCode.Unavailable, detail));

    public static RpcException Of(PkiProblem problem) => new(new Status(CodeOf(problem.Kind), problem.Detail));

    private static StatusCode CodeOf(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.Unavailable => StatusCode.Unavailable,
        PkiProblemKind.RateLimited => StatusCode.ResourceExhausted,
        // The request is the appliance's own: whatever is wrong with it, the workload gets no identity.
        PkiProblemKind.MalformedRequest or PkiProblemKind.BadProofOfPossession or PkiProblemKind.UnsupportedAlgorithm or PkiProblemKind.BadPublicKey or PkiProblemKind.PolicyViolation
            or PkiProblemKind.IdentityMismatch or PkiProblemKind.UnknownProfile or PkiProblemKind.Unauthenticated or PkiProblemKind.Unauthorized or PkiProblemKind.ApprovalDenied
            or PkiProblemKind.TooLarge or PkiProblemKind.UnsupportedMediaType or PkiProblemKind.NotFound or PkiProblemKind.Conflict or PkiProblemKind.IssuanceRejected => StatusCode.PermissionDenied,
    };
}
