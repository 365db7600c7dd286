using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Extensions;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// What a request may ask for at all. Usages come from the profile, whatever the request says; but a request that asks for what
/// nobody gets (a CA, an unknown critical extension) is refused rather than answered with something else.
/// </summary>
internal static class RequestRules
{
    /// <summary>Null when the request may go on.</summary>
    /// <param name="targets">Kinds of keys that campaigns ask for: whether this agent is in one is not known yet.</param>
    public static PkiProblem? Check(EnrollmentRequest request, CertificateProfile profile, IReadOnlyCollection<KeyAlgorithm> targets)
    {
        var csr = request.Csr;
        // RFC 7030 §4.4.1: of a request for serverkeygen the key is not certified.
        if (request.Kind != EnrollmentKind.ServerKeygen && !targets.Contains(csr.PublicKey.Algorithm) && CheckKey(csr, profile, "") is { } wrongKey)
        {
            return wrongKey;
        }

        // RFC 9883 §6: "MUST NOT be used to obtain a signature certificate".
        const KeyUsages signatures = KeyUsages.DigitalSignature | KeyUsages.NonRepudiation;
        if (csr.PossessionStatement is not null && request.Kind != EnrollmentKind.ServerKeygen && (profile.KeyUsage & signatures) != 0)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"a statement of possession is for keys that cannot sign (RFC 9883), and certificates of profile '{profile.Name}' are for signatures: sign the request with its own key");
        }

        foreach (var extension in csr.RequestedExtensions)
        {
            if (Check(extension, csr) is { } wrong)
            {
                return new PkiProblem(PkiProblemKind.PolicyViolation, wrong);
            }
        }

        return null;
    }

    /// <summary>Whether the profile, as it is for this agent, takes the request's kind of key; of a request about two keys the pair counts (<see cref="AlternativeKeyRules"/>).</summary>
    /// <param name="remark">Why it is so for this agent.</param>
    public static PkiProblem? CheckKey(Pkcs10Request csr, CertificateProfile profile, string remark) => csr.AlternativePublicKey is not null || profile.KeyAlgorithms.Contains(csr.PublicKey.Algorithm)
        ? null
        : new PkiProblem(PkiProblemKind.UnsupportedAlgorithm, $"profile '{profile.Name}' does not take {csr.PublicKey.Algorithm} keys; it takes {string.Join(", ", profile.Keys)}{remark}");

    private static string? Check(X509Extension extension, Pkcs10Request csr) => extension.Oid switch
    {
        Oids.BasicConstraints when csr.RequestedBasicConstraints is { IsCertificateAuthority: true } => "the request asks to be a certification authority (basicConstraints cA)",
        Oids.KeyUsage when csr.RequestedKeyUsages is { } usages && (usages & (KeyUsages.KeyCertSign | KeyUsages.CrlSign)) != 0 => "the request asks for keyCertSign or cRLSign, which only a certification authority has",
        Oids.NameConstraints or Oids.PolicyConstraints or Oids.PolicyMappings or Oids.InhibitAnyPolicy => $"the request asks for extension {extension.Oid}, which only a certification authority has",
        Oids.BasicConstraints or Oids.KeyUsage or Oids.ExtendedKeyUsage or Oids.SubjectAlternativeName or Oids.CertificatePolicies or Oids.SubjectKeyIdentifier => null,
        _ when extension.Critical => $"the request asks for the critical extension {extension.Oid}, which this appliance does not know",
        _ => null,
    };
}
