using AgentPki.Cryptography;
using AgentPki.Server.Home;

namespace AgentPki.Server.Tls;

/// <summary>One of the TLS certificates that an appliance may have, and where it is kept.</summary>
/// <param name="Purpose">Bound to the wrapped key, so that one put in another's place does not open.</param>
public sealed record TlsSlot(KeyAlgorithm Algorithm, string KeyFile, string CertificateFile, string Purpose)
{
    /// <summary>For every client.</summary>
    public static TlsSlot Classical(ApplianceHome home) => new(KeyAlgorithm.EcdsaP256, home.TlsKey, home.TlsCertificate, "agentpki/tls-server/1");

    /// <summary>For clients that offer ML-DSA (draft-ietf-tls-mldsa).</summary>
    public static TlsSlot PostQuantum(ApplianceHome home, KeyAlgorithm algorithm) => new(algorithm, home.PostQuantumTlsKey, home.PostQuantumTlsCertificate, $"agentpki/tls-server/{algorithm}/1");
}
