using System.Net;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Golden cases: octets and context that break exactly the rule they are filed under, and octets that break none.</summary>
internal static class CertificateLintCases
{
    private static readonly TimeSpan Days = TimeSpan.FromDays(2);

    internal sealed record Case(byte[] Tbs, LintContext Context)
    {
        /// <summary>Rules that necessarily break together with the one meant.</summary>
        public IReadOnlyList<string> Also { get; init; } = [];
    }

    public static LintContext RootContext => new(CertificatePosition.Root, null, TimeSpan.FromDays(366 * 12));

    public static LintContext IssuingContext => new(CertificatePosition.IssuingCa, Root, TimeSpan.FromDays(366 * 6));

    public static LintContext AgentContext => new(CertificatePosition.EndEntity, Issuing, Days) { TrustDomain = "agents.example", SigningAlgorithm = SignatureAlgorithm.EcdsaSha256 };

    /// <summary>An agent of a CA that signs twice, after both signatures' preparation.</summary>
    public static LintContext CatalystContext => AgentContext with { Issuer = CatalystPki.Issuing, AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 };

    public static LintContext ServerContext => AgentContext with { Position = CertificatePosition.TlsServer };

    public static LintContext ResponderContext => AgentContext with { Position = CertificatePosition.OcspResponder };

    public static TbsCertificate ServerTbs() => AgentTbs() with
    {
        Subject = X500Name.Create((Oids.CommonName, "pki.example")),
        Extensions = AgentTbs().Extensions
            .With(X509Extension.ExtendedKeyUsage(Oids.ServerAuth))
            .With(X509Extension.SubjectAlternativeName([new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.pki.example"), new GeneralName.Ip(IPAddress.Loopback)])),
    };

    /// <summary>An agent's certificate over an ML-KEM key, as BouncyCastle makes and encodes it.</summary>
    private static Case EncapsulationTbs(KeyUsages usage, params string[] purposes)
    {
        var key = PublicKey.Parse(BouncyCastlePki.MlKem768.Value.SubjectPublicKeyInfo);
        return new((AgentTbs() with
        {
            PublicKey = key,
            Extensions = AgentTbs().Extensions.With(X509Extension.KeyUsage(usage)).With(X509Extension.ExtendedKeyUsage(purposes)).With(X509Extension.SubjectKeyIdentifier(key.KeyIdentifier())),
        }).Encode(), AgentContext);
    }

    public static IReadOnlyDictionary<string, Case> Good { get; } = new Dictionary<string, Case>
    {
        ["root"] = new(RootTbs().Encode(), RootContext),
        ["root with its own key identifier"] = new((RootTbs() with { Extensions = [.. RootTbs().Extensions, X509Extension.AuthorityKeyIdentifier(RootKey.PublicKey.KeyIdentifier())] }).Encode(), RootContext),
        ["root past 2049"] = new((RootTbs() with { NotAfter = new(2051, 1, 1, 0, 0, 0, TimeSpan.Zero) }).Encode(), RootContext with { MaximumValidity = TimeSpan.FromDays(366 * 30) }),
        ["issuing"] = new(IssuingTbs().Encode(), IssuingContext),
        ["issuing with name constraints"] = new((IssuingTbs() with
        {
            Extensions = [.. IssuingTbs().Extensions, X509Extension.NameConstraints([new NameSubtree.UriHost("agents.example"), new NameSubtree.Dns("example")])],
        }).Encode(), IssuingContext),
        ["agent"] = new(AgentTbs().Encode(), AgentContext),
        ["agent that receives secrets"] = EncapsulationTbs(KeyUsages.KeyEncipherment, Oids.EmailProtection),
        ["agent without a subject"] = new((AgentTbs() with
        {
            Subject = X500Name.Empty,
            Extensions = AgentTbs().Extensions.With(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/a")], critical: true)),
        }).Encode(), AgentContext),
        ["agent with noRevAvail"] = new((AgentTbs() with
        {
            Extensions = [.. AgentTbs().Extensions.Without(Oids.CrlDistributionPoints).Without(Oids.AuthorityInformationAccess), X509Extension.NoRevocationAvailable()],
        }).Encode(), AgentContext),
        ["agent with an RSA key"] = new((AgentTbs() with
        {
            PublicKey = Key(KeyAlgorithm.Rsa2048).PublicKey,
            Extensions = AgentTbs().Extensions.With(X509Extension.SubjectKeyIdentifier(Key(KeyAlgorithm.Rsa2048).PublicKey.KeyIdentifier()))
                .With(X509Extension.KeyUsage(KeyUsages.DigitalSignature | KeyUsages.KeyEncipherment)),
        }).Encode(), AgentContext),
        ["server"] = new(ServerTbs().Encode(), ServerContext),
        ["agent with a related certificate"] = new((AgentTbs() with { Extensions = [.. AgentTbs().Extensions, RelatedCertificate.To(Agent).ToExtension()] }).Encode(), AgentContext),
        ["catalyst root"] = new(CatalystPki.Root.Tbs.ToArray(), RootContext with { AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 }),
        ["catalyst issuing"] = new(CatalystPki.Issuing.Tbs.ToArray(), IssuingContext with { Issuer = CatalystPki.Root, AlternativeSigningAlgorithm = SignatureAlgorithm.Ed25519 }),
        ["catalyst agent"] = new(CatalystPki.Agent.Tbs.ToArray(), CatalystContext),
        ["catalyst agent before the alternative signature"] =
            new(CatalystPki.Draft(CatalystPki.WithKey(AgentTbs(), CatalystPki.AgentAlternative), CatalystPki.IssuingAlternative), CatalystContext with { IsBeforeAlternativeSignature = true }),
        ["agent with one key of a CA that signs twice"] = new(CatalystPki.Final(AgentTbs(), CatalystPki.IssuingAlternative), CatalystContext),
        ["agent with two keys of a CA that signs once"] = new(CatalystPki.WithKey(AgentTbs(), CatalystPki.AgentAlternative).Encode(), AgentContext),
        ["responder"] = new(OcspResponderTbs().Encode(), ResponderContext),
    };

    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Bad { get; } = new Dictionary<string, IReadOnlyList<Case>>
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
            Names(new GeneralName.Dns("a\nb.example")) with { Also = ["dns_name_syntax"] },
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
        ["extensions_unique"] = [Tbs(t => t with { Extensions = [.. t.Extensions, t.Extensions[1]] })],
        ["extensions_present"] =
        [
            Tbs(t => t with { Extensions = [] }) with
            {
                Also = ["key_usage_present", "extended_key_usage_present", "subject_alternative_name_present", "subject_key_identifier_present", "authority_key_identifier", "revocation_information"],
            },
        ],
        ["critical_extensions_known"] = [Add(new X509Extension("1.3.6.1.4.1.32473.9", true, new byte[] { 5, 0 }))],
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
        ["subject_alternative_name_present"] = [Remove(Oids.SubjectAlternativeName)],
        ["subject_alternative_name_critical"] =
        [
            Replace(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/a")], critical: true)),
            Tbs(t => t with { Subject = X500Name.Empty }),
        ],
        ["subject_alternative_name_unique"] = [Names(new GeneralName.Dns("a.example"), new GeneralName.Dns("a.example"))],
        ["subject_alternative_name_kinds"] = [Names(new GeneralName.Other(new byte[] { 0x88, 0x01, 0x2A }))],
        ["dns_name_syntax"] =
        [
            Names(new GeneralName.Dns("a_b.example")), Names(new GeneralName.Dns("-a.example")), Names(new GeneralName.Dns("a..example")), Names(new GeneralName.Dns("a.example.")),
            Names(new GeneralName.Dns("10.0.0.1")), Names(new GeneralName.Dns("https://a.example")), Names(new GeneralName.Dns(new string('a', 64) + ".example")), Names(new GeneralName.Dns("a b")),
        ],
        ["dns_wildcard"] =
        [
            Names(new GeneralName.Dns("*.example.org")),
            Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.example")), Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("a*.pki.example")),
            Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.*.pki.example")), Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("a.*.example")),
        ],
        ["uri_syntax"] = [Names(new GeneralName.Uri("/relative")), Names(new GeneralName.Uri("urn:")), Names(new GeneralName.Uri("http://a b")), Names(new GeneralName.Uri("1http://a"))],
        ["rfc822_syntax"] = [Names(new GeneralName.Rfc822("nobody")), Names(new GeneralName.Rfc822("@a.example")), Names(new GeneralName.Rfc822("a@b@c.example")), Names(new GeneralName.Rfc822("a@-b"))],
        ["common_name_in_names"] =
        [
            Tbs(t => t with { Subject = X500Name.Create((Oids.CommonName, "other.example")) }),
            Tbs(t => t with { Subject = X500Name.Create((Oids.CommonName, "10.0.0.1")) }),
        ],
        ["tls_server_names"] = [new((AgentTbs() with { Extensions = AgentTbs().Extensions.With(X509Extension.ExtendedKeyUsage(Oids.ServerAuth)) }).Encode(), ServerContext)],
        ["spiffe_single_uri"] =
        [
            Names(new GeneralName.Uri("spiffe://agents.example/a"), new GeneralName.Uri("spiffe://agents.example/b")),
            Names(new GeneralName.Uri("spiffe://agents.example/a"), new GeneralName.Uri("https://agents.example/a")),
        ],
        ["spiffe_syntax"] =
        [
            Names(new GeneralName.Uri("spiffe://Agents.example/a")), Names(new GeneralName.Uri("spiffe://agents.example/a/")), Names(new GeneralName.Uri("spiffe://agents.example/a//b")),
            Names(new GeneralName.Uri("spiffe://agents.example/../b")), Names(new GeneralName.Uri("spiffe://agents.example/a?x=1")), Names(new GeneralName.Uri("SPIFFE://agents.example/a")),
            Names(new GeneralName.Uri("spiffe://agents.example:80/a")), Names(new GeneralName.Uri("spiffe:///a")), Names(new GeneralName.Uri("spiffe://agents.example/%61")),
        ],
        ["spiffe_trust_domain"] = [Names(new GeneralName.Uri("spiffe://other.example/a"))],
        ["spiffe_path"] =
        [
            Names(new GeneralName.Uri("spiffe://agents.example")),
            new((IssuingTbs() with { Extensions = IssuingTbs().Extensions.With(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/ca")])) }).Encode(), IssuingContext),
        ],
        ["subject_key_identifier_present"] = [Remove(Oids.SubjectKeyIdentifier)],
        ["subject_key_identifier_method"] = [Replace(X509Extension.SubjectKeyIdentifier(new byte[20]))],
        ["authority_key_identifier"] =
        [
            Remove(Oids.AuthorityKeyIdentifier),
            Replace(X509Extension.AuthorityKeyIdentifier(RootKey.PublicKey.KeyIdentifier())),
            new((RootTbs() with { Extensions = [.. RootTbs().Extensions, X509Extension.AuthorityKeyIdentifier(IssuingKey.PublicKey.KeyIdentifier())] }).Encode(), RootContext),
        ],
        ["authority_key_identifier_form"] =
        [
            Replace(new X509Extension(Oids.AuthorityKeyIdentifier, false, RawTbs.Write(w =>
            {
                using var sequence = w.Sequence();
                w.Write(0x80, IssuingKey.PublicKey.KeyIdentifier());
                using (w.Constructed(0xA1))
                {
                    using var name = w.Constructed(0xA4);
                    w.WriteEncoded(RootName.Der.Span);
                }

                w.Write(0x82, [1]);
            }))),
        ],
        ["authority_information_access"] =
        [
            Replace(X509Extension.AuthorityInformationAccess(["https://pki.example/ocsp"], [])), Replace(X509Extension.AuthorityInformationAccess(["http://pki.example/ocsp"], ["ldap://pki.example/"])),
            Replace(Raw(Oids.AuthorityInformationAccess, RawTbs.Write(w =>
            {
                using var list = w.Sequence();
                using var access = w.Sequence();
                w.WriteOid("1.3.6.1.5.5.7.48.5");
                w.WriteString(DerTag.Ia5String, "http://pki.example", 0x86);
            }))),
        ],
        ["crl_distribution_points"] =
        [
            Replace(X509Extension.CrlDistributionPoints("https://pki.example/a.crl")), Replace(X509Extension.CrlDistributionPoints("http:///a.crl")),
            Replace(Raw(Oids.CrlDistributionPoints, [0x30, 0x06, 0x30, 0x04, 0x81, 0x02, 0x06, 0x40])),
        ],
        ["revocation_information"] = [Tbs(t => t with { Extensions = t.Extensions.Without(Oids.CrlDistributionPoints).Without(Oids.AuthorityInformationAccess) })],
        ["no_revocation_available"] =
        [
            Add(X509Extension.NoRevocationAvailable()),
            Tbs(t => t with { Extensions = [.. t.Extensions.Without(Oids.CrlDistributionPoints), X509Extension.NoRevocationAvailable()] }),
            new((IssuingTbs() with { Extensions = [.. IssuingTbs().Extensions.Without(Oids.CrlDistributionPoints), X509Extension.NoRevocationAvailable()] }).Encode(), IssuingContext),
        ],
        ["ocsp_no_check"] =
        [
            Add(X509Extension.OcspNoCheck()),
            new((OcspResponderTbs() with { Extensions = OcspResponderTbs().Extensions.Without(Oids.OcspNoCheck) }).Encode(), ResponderContext),
        ],
        ["certificate_policies"] = [Add(X509Extension.CertificatePolicies(Oids.AnyPolicy)), Add(X509Extension.CertificatePolicies("1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.32473.1"))],
        ["name_constraints_position"] =
        [
            Add(X509Extension.NameConstraints([new NameSubtree.Dns("example")])),
            new((IssuingTbs() with { Extensions = [.. IssuingTbs().Extensions, X509Extension.NameConstraints([new NameSubtree.Dns("example")]) with { Critical = false }] }).Encode(), IssuingContext),
        ],
        ["name_constraints_held"] =
        [
            new(AgentTbs().Encode(), AgentContext with
            {
                Issuer = Issue(IssuingTbs() with { Extensions = [.. IssuingTbs().Extensions, X509Extension.NameConstraints([new NameSubtree.UriHost("other.example")])] }, RootKey),
            }),
        ],
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
        ["der_canonical"] =
        [
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x30, 0x80, 0x00, 0x00 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x01, 0x01, 0x01 })),
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x02, 0x02, 0x00, 0x01 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x04, 0x81, 0x01, 0x00 })),
            Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01 })), Add(new X509Extension("1.3.6.1.4.1.32473.9", false, new byte[] { 0x24, 0x00 })),
        ],
    };

    private static Case Tbs(Func<TbsCertificate, TbsCertificate> change) => new(change(AgentTbs()).Encode(), AgentContext);

    private static Case Raw(Func<RawTbs, RawTbs> change) => new(change(RawTbs.From(AgentTbs())).Encode(), AgentContext);

    private static X509Extension Raw(string oid, byte[] value) => new(oid, oid == Oids.KeyUsage, value);

    private static Case Add(X509Extension extension) => Tbs(t => t with { Extensions = [.. t.Extensions, extension] });

    private static Case Replace(X509Extension extension) => Tbs(t => t with { Extensions = t.Extensions.With(extension) });

    private static Case Remove(string oid) => Tbs(t => t with { Extensions = t.Extensions.Without(oid) });

    private static Case Names(params GeneralName[] names) => Replace(X509Extension.SubjectAlternativeName(names));

    private static Case Server(params GeneralName[] names) => new((ServerTbs() with { Extensions = ServerTbs().Extensions.With(X509Extension.SubjectAlternativeName(names)) }).Encode(), ServerContext);
}
