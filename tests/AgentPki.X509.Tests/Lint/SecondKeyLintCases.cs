using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Lint.CertificateLintCases;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Octets that break the rules about related certificates, alternative keys and alternative signatures.</summary>
internal static class SecondKeyLintCases
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Cases => new Dictionary<string, IReadOnlyList<Case>>
    {
        ["related_certificate_hash"] =
        [
            Add(new RelatedCertificate(Oids.Sha1, null, new byte[20]).ToExtension()), Add(new RelatedCertificate(Oids.Sha256, HashFunction.Sha256, new byte[31]).ToExtension()),
        ],
        ["related_certificate_position"] = [new((IssuingTbs() with { Extensions = [.. IssuingTbs().Extensions, RelatedCertificate.To(Agent).ToExtension()] }).Encode(), IssuingContext)],
        ["alternative_key_valid"] = [Add(new X509Extension(Oids.SubjectAltPublicKeyInfo, false, new byte[] { 0x30, 0x0B, 0x30, 0x05, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x03, 0x02, 0x00, 0x01 }))],
        ["alternative_key_differs"] = [Add(X509Extension.SubjectAltPublicKeyInfo(AgentKey.PublicKey))],
        ["alternative_key_strength"] = [Add(X509Extension.SubjectAltPublicKeyInfo(Key(KeyAlgorithm.Rsa2048).PublicKey)) is var weak ? weak with { Context = AgentContext with { MinimumSecurityBits = 120 } } : weak],
        ["alternative_key_usage"] =
        [
            Add(X509Extension.SubjectAltPublicKeyInfo(PublicKey.Parse(RawTbs.Write(w =>
            {
                using var key = w.Sequence();
                w.WriteEncoded(KeyAlgorithm.MlKem512.AlgorithmIdentifier.Span);
                w.WriteBitString(new byte[800]);
            })))),
        ],
        ["alternative_signature_algorithm"] =
        [
            new(CatalystPki.Agent.Tbs.ToArray(), AgentContext) { Also = ["alternative_signature_value"] },
            new(AgentTbs().Encode(), CatalystContext with { IsBeforeAlternativeSignature = true }),
            new(CatalystPki.Draft(AgentTbs(), IssuingKey), CatalystContext with { IsBeforeAlternativeSignature = true }),
            new(CatalystPki.Draft(AgentTbs(), IssuingKey), CatalystContext with { IsBeforeAlternativeSignature = true, AlternativeSigningAlgorithm = SignatureAlgorithm.EcdsaSha256 }),
            new(CatalystPki.Draft(AgentTbs(), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true, Issuer = Issuing }),
            new(RawTbs.From(AgentTbs() with { Extensions = [.. AgentTbs().Extensions, new X509Extension(Oids.AltSignatureAlgorithm, false, RawTbs.NullEcdsa)] }).Encode(), CatalystContext with { IsBeforeAlternativeSignature = true }),
        ],
        ["alternative_signature_value"] =
        [
            new(CatalystPki.Draft(AgentTbs(), CatalystPki.IssuingAlternative), CatalystContext),
            new(CatalystPki.Final(AgentTbs(), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true }),
            new(PreTbs.CompleteCertificate(CatalystPki.Draft(AgentTbs(), CatalystPki.IssuingAlternative), new byte[65]), CatalystContext),
            Add(X509Extension.AltSignatureValue(new byte[64])),
        ],
    };
}
