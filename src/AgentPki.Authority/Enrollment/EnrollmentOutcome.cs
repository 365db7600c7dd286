using AgentPki.Authority.Problems;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Enrollment;

/// <summary>What became of an <see cref="EnrollmentRequest"/>.</summary>
public abstract record EnrollmentOutcome
{
    private EnrollmentOutcome()
    {
    }

    /// <summary>Issued, durable, in the ledger.</summary>
    /// <param name="Chain">The issuing CA's certificate first, the root's last.</param>
    /// <param name="PrivateKeyPkcs8">Only for <see cref="EnrollmentKind.ServerKeygen"/>: the key (RFC 5958), kept nowhere else; the caller zeroizes it after sending.</param>
    public sealed record Issued(Certificate Certificate, IReadOnlyList<Certificate> Chain, byte[]? PrivateKeyPkcs8) : EnrollmentOutcome;

    /// <summary>Parked until a person decides; the client posts the same request again after <paramref name="RetryAfter"/>.</summary>
    public sealed record Pending(string ApprovalId, TimeSpan RetryAfter) : EnrollmentOutcome;

    /// <summary>Refused, and the refusal recorded.</summary>
    public sealed record Rejected(PkiProblem Problem) : EnrollmentOutcome;
}
