using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Der;

namespace AgentPki.Protocols.Est;

/// <summary>What a profile wants of a request, as CsrAttrs (RFC 7030 §4.5.2). Never challengePassword: TLS 1.3 has nothing to link it to.</summary>
internal static class EstCsrAttributes
{
    public static byte[] For(CertificateProfile profile)
    {
        if (profile.KeyAlgorithms.IsEmpty)
        {
            return [];
        }

        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            WriteKey(writer, profile.KeyAlgorithms[0]);
            writer.WriteOid(profile.KeyAlgorithms[0].DefaultSignature.Oid);
        }

        return writer.ToArray();
    }

    private static void WriteKey(DerWriter writer, KeyAlgorithm key)
    {
        writer.WriteOid(key.Family == AlgorithmFamily.Ecdsa ? Oids.EcPublicKey : Oids.RsaEncryption);
    }
}
