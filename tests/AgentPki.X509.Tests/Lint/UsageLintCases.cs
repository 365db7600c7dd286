using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Lint.CertificateLintCases;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Octets that break the rules about extensions as such, basic constraints, and what a key is for.</summary>
internal static class UsageLintCases
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Cases => new Dictionary<string, IReadOnlyList<Case>>
    {
        ["extensions_unique"] = [Tbs(t => t with { Extensions = [.. t.Extensions, t.Extensions[1]] })],
        ["extensions_present"] =
        [
            Tbs(t => t with { Extensions = [] }) with
            {
                Also = ["key_usage_present", "extended_key_usage_present", "subject_alternative_name_present", "subject_key_identifier_present", "authority_key_identifier", "revocation_information"],
            },
        ],
        ["critical_extensions_known"] = 
        [
            Add(new X509Extension("1.3.6.1.4.1.32473.9", true, new byte[] { 5, 0 })),
            Add(AgentPolicy.Nothing.ToExtension(AgentPolicyDer.DefaultOid, critical: true)),
            Add(new X509Extension("1.3.6.1.4.1.32473.9", true, new byte[] { 5, 0 })) with { Context = AgentContext with { Understood = AgentPolicyDer.DefaultOid } },
        ],
        ["extension_criticality"] =
        [
            Replace(X509Extension.SubjectKeyIdentifier(AgentKey.PublicKey.KeyIdentifier()) with { Critical = true }) with { Also = ["critical_extensions_known"] },
            Replace(X509Extension.AuthorityKeyIdentifier(IssuingKey.PublicKey.KeyIdentifier()) with { Critical = true }) with { Also = ["critical_extensions_known"] },
        ],
        ["object_identifier_size"] =
        [
            Add(new X509Extension("2.25.329800735698586629295641978511506172918", false, new byte[] { 5, 0 })),
            Add(new X509Extension("1.3.6.1.4.1.2147483648", false, new byte[] { 5, 0 })),
            Replace(X509Extension.ExtendedKeyUsage(Oids.ClientAuth, "2.25.4294967296")),
            Add(X509Extension.CertificatePolicies("2.25.4294967296")),
        ],
        ["basic_constraints_of_authority"] =
        [
            new((IssuingTbs() with { Extensions = IssuingTbs().Extensions.Without(Oids.BasicConstraints) }).Encode(), IssuingContext),
            new((IssuingTbs() with { Extensions = IssuingTbs().Extensions.With(X509Extension.BasicConstraints(true) with { Critical = false }) }).Encode(), IssuingContext),
        ],
        ["basic_constraints_of_leaf"] =
        [
            Replace(X509Extension.BasicConstraints(true)) with { Also = ["path_length_within_issuer"] },
            Replace(X509Extension.BasicConstraints(false, 0)) with { Also = ["path_length_needs_authority"] },
        ],
        ["path_length_needs_authority"] =
        [
            new((IssuingTbs() with { Extensions = IssuingTbs().Extensions.With(X509Extension.KeyUsage(KeyUsages.CrlSign)) }).Encode(), IssuingContext) { Also = ["key_usage_of_position"] },
        ],
        ["path_length_within_issuer"] = [new((IssuingTbs() with { Issuer = IssuingName, Subject = X500Name.Create((Oids.CommonName, "below")), Signature = SignatureAlgorithm.EcdsaSha256, NotAfter = Issuing.NotAfter }).Encode(), IssuingContext with { Issuer = Issuing }) { Also = ["authority_key_identifier"] }],
        ["key_usage_present"] =
        [
            Remove(Oids.KeyUsage),
            Replace(X509Extension.KeyUsage(KeyUsages.DigitalSignature) with { Critical = false }),
        ],
        ["key_usage_of_position"] =
        [
            Replace(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyCertSign)),
            Replace(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.CrlSign)),
            new((RootTbs() with { Extensions = RootTbs().Extensions.With(X509Extension.KeyUsage(KeyUsages.KeyCertSign)) }).Encode(), RootContext),
            new((RootTbs() with { Extensions = RootTbs().Extensions.With(X509Extension.KeyUsage(KeyUsages.KeyCertSign | KeyUsages.CrlSign | KeyUsages.KeyAgreement)) }).Encode(), RootContext),
        ],
        ["key_usage_of_algorithm"] =
        [
            Replace(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyEncipherment)),
            Tbs(t => t with
            {
                PublicKey = Key(KeyAlgorithm.Ed25519).PublicKey,
                Extensions = t.Extensions.With(X509Extension.SubjectKeyIdentifier(Key(KeyAlgorithm.Ed25519).PublicKey.KeyIdentifier())).With(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyAgreement)),
            }),
            EncapsulationTbs(KeyUsages.KeyEncipherment | KeyUsages.DigitalSignature, Oids.EmailProtection),
            EncapsulationTbs(KeyUsages.KeyAgreement, Oids.EmailProtection),
        ],
        ["extended_key_usage_of_algorithm"] = [EncapsulationTbs(KeyUsages.KeyEncipherment, Oids.EmailProtection, Oids.CodeSigning), EncapsulationTbs(KeyUsages.KeyEncipherment, Oids.ServerAuth)],
        ["key_agreement_qualifiers"] = [Replace(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.EncipherOnly))],
        ["extended_key_usage_present"] = [Remove(Oids.ExtendedKeyUsage)],
        ["extended_key_usage_any"] = [Replace(X509Extension.ExtendedKeyUsage(Oids.ClientAuth, Oids.AnyExtendedKeyUsage))],
        ["extended_key_usage_of_position"] =
        [
            Replace(X509Extension.ExtendedKeyUsage(Oids.ClientAuth, Oids.OcspSigning)),
            new((ServerTbs() with { Extensions = ServerTbs().Extensions.With(X509Extension.ExtendedKeyUsage(Oids.ClientAuth)) }).Encode(), ServerContext),
            new((OcspResponderTbs() with { Extensions = OcspResponderTbs().Extensions.With(X509Extension.ExtendedKeyUsage(Oids.OcspSigning, Oids.ClientAuth)) }).Encode(), ResponderContext),
            new(ServerTbs().Encode(), ServerContext with { Position = CertificatePosition.CmsSigner }),
        ],
        ["extended_key_usage_unique"] = [Replace(X509Extension.ExtendedKeyUsage(Oids.ClientAuth, Oids.ClientAuth))],
        ["extended_key_usage_consistent"] =
        [
            Replace(X509Extension.KeyUsage(KeyUsages.NonRepudiation)),
            new((ServerTbs() with { Extensions = ServerTbs().Extensions.With(X509Extension.KeyUsage(KeyUsages.NonRepudiation)) }).Encode(), ServerContext),
        ],
    };
}
