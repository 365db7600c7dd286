using AgentPki.Authority.Cms;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Est;

/// <summary>Hop 3: <c>RegistrationAuthority.EnrollAsync</c>.</summary>
public delegate ValueTask<EnrollmentOutcome> EnrollmentDecision(EnrollmentRequest request, CancellationToken cancellationToken);

/// <summary>Records a refusal made before hop 3, under the requester's name if he proves it: <c>RegistrationAuthority.RefuseAsync</c>.</summary>
public delegate ValueTask RefusalRecorder(Requester requester, PkiProblem problem, string protocol, string correlationId, CancellationToken cancellationToken);

/// <summary>
/// What the profile of a label is for whoever asks: a campaign may have changed it for the agent of a client certificate or for a credential. Null: no such
/// label. <c>RegistrationAuthority.ProfileForAsync</c>.
/// </summary>
public delegate ValueTask<CertificateProfile?> ProfileChoice(Requester requester, string? label, CancellationToken cancellationToken);

/// <summary>Who signs CMS messages in the appliance's name, or null when no profile provides for it: <c>CmsSignerKeeper.CurrentAsync</c>.</summary>
public delegate ValueTask<CmsSigner?> CurrentCmsSigner(CancellationToken cancellationToken);

/// <summary>
/// What cacerts gives for a profile: the issuing CA's certificate first; while a CA goes over to its successor, both chains and the roll-over certificates.
/// Empty when there is no such CA; the same list as long as nothing changes.
/// </summary>
public delegate IReadOnlyList<Certificate> AuthorityCertificates(CertificateProfile profile);

/// <summary>What EST needs of the rest of the appliance.</summary>
public sealed record EstServices
{
    public required EnrollmentDecision Enroll { get; init; }

    public required RefusalRecorder Refuse { get; init; }

    public required ProfileChoice ProfileFor { get; init; }

    public required AuthorityCertificates Chain { get; init; }

    public required CurrentCmsSigner CmsSigner { get; init; }

    public required CryptoProviders Providers { get; init; }

    public required ProfileCatalog Profiles { get; init; }

    public required ClientIdentity Clients { get; init; }

    public required RequestRates Rates { get; init; }

    public required EstOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
