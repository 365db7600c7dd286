using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Lint.CertificateLintCases;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Octets that break the rules about key identifiers, where status is found, policies and name constraints.</summary>
internal static class StatusLintCases
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Cases => new Dictionary<string, IReadOnlyList<Case>>
    {
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
        ["freshest_crl"] =
        [
            Add(X509Extension.FreshestCrl("https://pki.example/delta.crl")),
            Tbs(t => t with { Extensions = [.. t.Extensions.Without(Oids.CrlDistributionPoints), X509Extension.FreshestCrl("http://pki.example/delta.crl")] }),
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
    };
}
