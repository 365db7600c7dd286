using System.Text;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using AgentPki.X509.Cms.Cmc;

namespace AgentPki.Protocols.Est;

/// <summary>What of CMC is served here, and how refusals are said in CMC (RFC 5272 §6.1).</summary>
internal static class CmcRules
{
    /// <summary>Why a message is not served, as a problem and as a CMC status; null, with the one request in it, when it is.</summary>
    public static (PkiProblem Problem, CmcStatusInfo Status)? WhyNotServed(PkiData message, IReadOnlyList<string> knownControls, out TaggedRequest.CertificationRequest? request)
    {
        request = null;
        if (message.Controls.FirstOrDefault(c => !knownControls.Contains(c.Type)) is { } control)
        {
            return Refuse(control.BodyPartId, PkiProblemKind.PolicyViolation, CmcFailure.UnsupportedExtension, $"the control {control.Type} is not processed here; transactionId and senderNonce are");
        }

        if (message.HasNestedMessages)
        {
            return Refuse(0, PkiProblemKind.MalformedRequest, CmcFailure.BadRequest, "nested messages are not processed here: send one PKCS#10 request");
        }

        switch (message.Requests)
        {
            case [TaggedRequest.CertificationRequest { Request: not null } only]:
                request = only;
                return null;
            case [TaggedRequest.CertificationRequest { Error: { } error } only]:
                return Refuse(only.BodyPartId, EstPkcs10.KindOf(error.Kind), FailureOf(EstPkcs10.KindOf(error.Kind)), error.Detail);
            case [TaggedRequest.CertificateRequestMessage crm]:
                return Refuse(crm.BodyPartId, PkiProblemKind.MalformedRequest, CmcFailure.BadRequest, "CRMF requests (crm) are not processed here: send a PKCS#10 request (tcr)");
            case [TaggedRequest.Other other]:
                return Refuse(other.BodyPartId, PkiProblemKind.MalformedRequest, CmcFailure.BadRequest, $"requests of type {other.Type} (orm) are not processed here: send a PKCS#10 request (tcr)");
            default:
                return Refuse(0, PkiProblemKind.MalformedRequest, CmcFailure.BadRequest, $"exactly one request is taken in one message, not {message.Requests.Count}");
        }
    }

    public static CmcStatusInfo Failed(uint bodyPart, PkiProblem problem) => new(CmcStatus.Failed, [bodyPart], ProblemText.Sentence(problem.Detail), FailureOf(problem.Kind));

    /// <summary>RFC 5272 §6.1.3: the token is the approval's id; the same message sent again asks for it.</summary>
    public static CmcStatusInfo Pending(uint bodyPart, EnrollmentOutcome.Pending pending, DateTimeOffset now) =>
        new(CmcStatus.Pending, [bodyPart], "A person must approve this request; send it again.", Pending: new PendingInfo(Encoding.ASCII.GetBytes(pending.ApprovalId), now + pending.RetryAfter));

    /// <summary>CMC's table from problems to CMCFailInfo; a new kind without an arm fails the build.</summary>
    public static CmcFailure FailureOf(PkiProblemKind kind) => kind switch
    {
        PkiProblemKind.MalformedRequest => CmcFailure.BadRequest,
        PkiProblemKind.BadProofOfPossession => CmcFailure.PopFailed,
        PkiProblemKind.UnsupportedAlgorithm => CmcFailure.BadAlgorithm,
        PkiProblemKind.BadPublicKey => CmcFailure.BadRequest,
        PkiProblemKind.PolicyViolation => CmcFailure.BadRequest,
        PkiProblemKind.IdentityMismatch => CmcFailure.BadIdentity,
        PkiProblemKind.UnknownProfile => CmcFailure.BadRequest,
        PkiProblemKind.Unauthenticated => CmcFailure.BadIdentity,
        PkiProblemKind.Unauthorized => CmcFailure.BadIdentity,
        PkiProblemKind.ApprovalDenied => CmcFailure.BadRequest,
        PkiProblemKind.TooLarge => CmcFailure.BadRequest,
        PkiProblemKind.RateLimited => CmcFailure.TryLater,
        PkiProblemKind.UnsupportedMediaType => CmcFailure.BadRequest,
        PkiProblemKind.NotFound => CmcFailure.BadCertificateId,
        PkiProblemKind.Conflict => CmcFailure.NoKeyReuse,
        PkiProblemKind.Unavailable => CmcFailure.TryLater,
        PkiProblemKind.IssuanceRejected => CmcFailure.InternalCaError,
    };

    private static (PkiProblem Problem, CmcStatusInfo Status) Refuse(uint bodyPart, PkiProblemKind kind, CmcFailure failure, string detail) =>
        (new PkiProblem(kind, detail), new CmcStatusInfo(CmcStatus.Failed, [bodyPart], ProblemText.Sentence(detail), failure));
}
