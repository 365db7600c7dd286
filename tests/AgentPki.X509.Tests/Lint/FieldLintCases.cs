using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Lint.CertificateLintCases;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Octets that break the rules about the fields of TBSCertificate outside the extensions, and how the whole is encoded.</summary>
internal static class FieldLintCases
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Cases => new Dictionary<string, IReadOnlyList<Case>>
    {
        ["well_formed"] =
        [
            new(AgentTbs().Encode()[..^1], AgentContext),
            new([.. AgentTbs().Encode(), 0], AgentContext),
            Raw(t => t with { NotAfter = [DerTag.GeneralizedTime, 17, .. "20261102120000.5Z"u8] }),
            Raw(t => t with { Tail = [0xA3, 0x02, 0x30, 0x00] }),
            Replace(Raw(Oids.ExtendedKeyUsage, [0x30, 0x00])),
            Replace(Raw(Oids.SubjectAlternativeName, [0x30, 0x00])),
            Replace(Raw(Oids.KeyUsage, [0x03, 0x02, 0x00, 0x80])),
            Replace(Raw(Oids.BasicConstraints, [0x30, 0x03, 0x01, 0x01, 0x00])),
        ],
        ["version_v3"] = [Raw(t => t with { Version = [0xA0, 0x03, 0x02, 0x01, 0x01] }), Raw(t => t with { Version = [] })],
        ["serial_positive"] =
        [
            Tbs(t => t with { SerialNumber = new byte[] { 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9 } }),
            Tbs(t => t with { SerialNumber = new byte[] { 0 } }) with { Also = ["serial_entropy"] },
        ],
        ["serial_length"] = [Tbs(t => t with { SerialNumber = Enumerable.Repeat((byte)0x11, 21).ToArray() })],
        ["serial_entropy"] = [Tbs(t => t with { SerialNumber = new byte[] { 1, 2, 3, 4, 5, 6, 7 } })],
        ["signature_algorithm"] =
        [
            Tbs(t => t with { Signature = SignatureAlgorithm.EcdsaSha384 }),
            new((AgentTbs() with { Signature = SignatureAlgorithm.RsaPkcs1Sha256 }).Encode(), AgentContext with { SigningAlgorithm = null }),
            Raw(t => t with { Signature = Convert.FromHexString("300D06092A864886F70D0101050500") }),
        ],
        ["signature_parameters"] =
        [
            Raw(t => t with { Signature = Convert.FromHexString("303D06092A864886F70D01010A3030A00D300B0609608648016503040201A11A301806092A864886F70D010108300B0609608648016503040201A203020120") })
                with { Also = ["signature_algorithm"] },
        ],
        ["validity_encoding"] =
        [
            Raw(t => t with { NotAfter = [DerTag.GeneralizedTime, 15, .. "20261102120000Z"u8] }),
        ],
        ["validity_order"] = [Tbs(t => t with { NotAfter = t.NotBefore }), Tbs(t => t with { NotAfter = t.NotBefore.AddSeconds(-1) })],
        ["validity_limit"] = [Tbs(t => t with { NotAfter = t.NotBefore + Days })],
        ["validity_within_issuer"] = [new((AgentTbs() with { NotAfter = Issuing.NotAfter.AddSeconds(1) }).Encode(), AgentContext with { MaximumValidity = TimeSpan.FromDays(9999) })],
        ["issuer_not_empty"] = [Tbs(t => t with { Issuer = X500Name.Empty }) with { Also = ["issuer_matches"] }],
        ["issuer_matches"] =
        [
            Tbs(t => t with { Issuer = RootName }),
            new((RootTbs() with { Issuer = IssuingName }).Encode(), RootContext),
        ],
        ["issuer_may_issue"] = [new((AgentTbs() with { Issuer = Agent.Subject, NotAfter = Agent.NotAfter }).Encode(), AgentContext with { Issuer = Agent }) { Also = ["authority_key_identifier", "subject_differs_from_issuer"] }],
        ["self_signed_root"] =
        [
            new(RootTbs().Encode(), RootContext with { Issuer = Root }) { Also = ["subject_differs_from_issuer", "authority_key_identifier"] },
            new((IssuingTbs() with { Issuer = IssuingName, Signature = SignatureAlgorithm.EcdsaSha256 }).Encode(), IssuingContext with { Issuer = null }) { Also = ["authority_key_identifier"] },
        ],
        ["subject_of_authority"] = [new((IssuingTbs() with { Subject = X500Name.Empty }).Encode(), IssuingContext) { Also = ["subject_alternative_name_present"] }],
        ["subject_differs_from_issuer"] = [Tbs(t => t with { Subject = IssuingName })],
        ["name_string_types"] =
        [
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.TeletexString, "agent"u8) }),
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.BmpString, [0, (byte)'a']) }),
            Raw(t => t with { Subject = RawTbs.Name(Oids.Country, DerTag.Utf8String, "DE"u8) }),
        ],
        ["name_length"] =
        [
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.Utf8String, new byte[65].Select(_ => (byte)'x').ToArray()) }),
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.Utf8String, []) }),
        ],
        ["name_control_characters"] =
        [
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.Utf8String, "agent\u0000"u8) }),
            Raw(t => t with { Subject = RawTbs.Name(Oids.CommonName, DerTag.Utf8String, "\u202Etnega"u8) }),
            Named(new GeneralName.Dns("a\nb.example")) with { Also = ["dns_name_syntax"] },
        ],
        ["one_common_name"] = [Tbs(t => t with { Subject = X500Name.Create((Oids.CommonName, "a"), (Oids.CommonName, "b")) })],
        ["unique_identifiers"] = [Raw(t => t with { UniqueIdentifiers = [0x81, 0x02, 0x00, 0x01] }), Raw(t => t with { UniqueIdentifiers = [0x82, 0x02, 0x00, 0x01] })],
        ["public_key_valid"] =
        [
            // A point that is not on the curve.
            Raw(t => t with { PublicKey = [.. AgentKey.PublicKey.SubjectPublicKeyInfo[..^1].ToArray(), (byte)(AgentKey.PublicKey.SubjectPublicKeyInfo.Span[^1] ^ 1)] }),
        ],
        ["public_key_strength"] =
        [
            new(Good["agent with an RSA key"].Tbs, AgentContext with { MinimumSecurityBits = 128 }),
            new((IssuingTbs() with
            {
                PublicKey = Key(KeyAlgorithm.Rsa2048).PublicKey,
                Extensions = IssuingTbs().Extensions.With(X509Extension.SubjectKeyIdentifier(Key(KeyAlgorithm.Rsa2048).PublicKey.KeyIdentifier())),
            }).Encode(), IssuingContext),
        ],
        ["der_canonical"] =
        [
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x30, 0x80, 0x00, 0x00 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x01, 0x01, 0x01 })),
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x02, 0x02, 0x00, 0x01 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x04, 0x81, 0x01, 0x00 })),
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x24, 0x00 })),
        ],
    };
}
