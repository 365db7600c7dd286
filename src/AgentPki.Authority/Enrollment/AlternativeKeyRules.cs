using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>What a request about two keys (X.509 (2019) §9.8) must fulfil beyond one about a single key.</summary>
internal static class AlternativeKeyRules
{
    /// <summary>Null when the profile takes the pair and the requester holds the alternative private key too; also for a request about one key.</summary>
    public static PkiProblem? Check(Pkcs10Request csr, CertificateProfile profile, EnrollmentKind kind, CryptoProviders providers)
    {
        if (csr.AlternativePublicKey is not { } alternative)
        {
            return null;
        }

        if (kind == EnrollmentKind.ServerKeygen)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, "the appliance makes one key, not a pair: leave subjectAltPublicKeyInfo out, or make both keys yourself");
        }

        var pair = new KeyKind(csr.PublicKey.Algorithm, alternative.Algorithm);
        if (!profile.Keys.Contains(pair))
        {
            return new PkiProblem(PkiProblemKind.UnsupportedAlgorithm, $"profile '{profile.Name}' does not take {pair} keys; it takes {string.Join(", ", profile.Keys)}");
        }

        return csr.VerifyAlternativeSignature(providers)
            ? null
            : new PkiProblem(PkiProblemKind.BadProofOfPossession, "the request's alternative signature does not verify with its own alternative public key");
    }
}
