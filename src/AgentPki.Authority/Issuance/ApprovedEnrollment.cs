using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Issuance;

/// <summary>The agent a certificate is for.</summary>
/// <param name="Parent">The agent that enrols it with its own certificate; null: nobody spawned it, or it is known already.</param>
internal sealed record ApprovedAgent(string Id, string Owner, string? Parent);

/// <summary>
/// A request that was decided in its favour: everything the certificate will say, and everything that comes true with it. Only the
/// registration authority and the appliance's own enrolment make one.
/// </summary>
/// <param name="Names">The subject alternative names in the order they will have.</param>
/// <param name="Agent">Null for the appliance's own certificates.</param>
/// <param name="Actor">Who asked, as in the ledger.</param>
/// <param name="CredentialName">The credential that is used once by it.</param>
/// <param name="ApprovalId">The parked request that is answered by it.</param>
/// <param name="Renews">Serial of the certificate it renews, hexadecimal; for the ledger.</param>
internal sealed record ApprovedEnrollment(
    CertificateProfile Profile,
    X500Name Subject,
    IReadOnlyList<GeneralName> Names,
    PublicKey PublicKey,
    ApprovedAgent? Agent,
    string Actor,
    string? CredentialName,
    string? ApprovalId,
    string? Renews,
    string Protocol,
    string CorrelationId)
{
    /// <summary>A second key in the same certificate (X.509 (2019) §9.8.2), possession of which was proven too; null: one key.</summary>
    public PublicKey? AlternativePublicKey { get; init; }

    /// <summary>The campaign that this certificate is a step of.</summary>
    public CampaignStep? Campaign { get; init; }

    /// <summary>A shorter life than the profile's; null: the profile's.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The ACME order that ends with the certificate.</summary>
    public string? AcmeOrder { get; init; }

    /// <summary>The certificates by which the requester was authenticated, or proved what he had to: still good when the new one comes true, or there is none.</summary>
    public IReadOnlyList<StoreChange.RequireGood> RestsOn { get; init; } = [];

    /// <summary>What the agent may do at most, and what those above it may; null: nothing is registered of any of them.</summary>
    public AgentPolicy? Policy { get; init; }

    /// <summary>The registered policies that <see cref="Policy"/> was made of, the agent's own and those above it: still the same when the certificate comes true, or there is none.</summary>
    public IReadOnlyList<StoreChange.RequirePolicy> PoliciesRead { get; init; } = [];

    /// <summary>The grant with which a parent enrols its child, used up by it.</summary>
    public byte[]? Grant { get; init; }

    /// <summary>Another certificate of the same agent, the key of which has just proven it (RFC 9763); null: none.</summary>
    public Certificate? RelatedCertificate { get; init; }
}

/// <summary>What an enrolment does for a campaign.</summary>
/// <param name="Change">Comes true with the certificate; null when the member is past it.</param>
internal sealed record CampaignStep(string Name, StoreChange? Change);
