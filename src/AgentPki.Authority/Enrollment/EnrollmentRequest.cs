using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>What is asked for.</summary>
public enum EnrollmentKind
{
    /// <summary>A first certificate, or another one (RFC 7030 §4.2.1).</summary>
    Enroll,

    /// <summary>The same identity again, with the same or another key (RFC 7030 §4.2.2).</summary>
    Renew,

    /// <summary>A certificate over a key that the appliance makes (RFC 7030 §4.4).</summary>
    ServerKeygen,
}

/// <summary>One request for a certificate, whatever protocol brought it: hop 2 makes it, hop 3 decides it.</summary>
/// <param name="Csr">The parsed request; its signature has not been verified yet.</param>
/// <param name="Label">The EST label or its like that chooses the profile; null or empty: the default profile, or the renewed certificate's.</param>
/// <param name="Protocol">Short lower-case name for the audit: <c>est</c>, <c>cmc</c>, ….</param>
/// <param name="CorrelationId">The id that the client, the log and the ledger share.</param>
public sealed record EnrollmentRequest(Pkcs10Request Csr, Requester Requester, string? Label, EnrollmentKind Kind, string Protocol, string CorrelationId);
