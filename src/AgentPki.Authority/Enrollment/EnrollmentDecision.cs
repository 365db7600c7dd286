using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Enrollment;

/// <summary>What hop 3 says of a request.</summary>
internal abstract record EnrollmentDecision
{
    private EnrollmentDecision()
    {
    }

    /// <param name="PrivateKeyPkcs8">The key made for the requester; null when it brought its own.</param>
    public sealed record Approved(ApprovedEnrollment Enrollment, byte[]? PrivateKeyPkcs8) : EnrollmentDecision;

    public sealed record Parked(string ApprovalId) : EnrollmentDecision;

    public sealed record Refused(PkiProblem Problem, string? Profile = null, string? Agent = null) : EnrollmentDecision
    {
        /// <summary>What the refusal leaves at a campaign's member; written with its entry.</summary>
        public StoreChange? Note { get; init; }
    }
}
