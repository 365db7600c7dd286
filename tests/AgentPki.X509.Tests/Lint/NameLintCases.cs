using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Tests.Support;
using static AgentPki.X509.Tests.Lint.CertificateLintCases;
using static AgentPki.X509.Tests.Support.TestPki;

namespace AgentPki.X509.Tests.Lint;

/// <summary>Octets that break the rules about alternative names.</summary>
internal static class NameLintCases
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Case>> Cases => new Dictionary<string, IReadOnlyList<Case>>
    {
        ["subject_alternative_name_present"] = [Remove(Oids.SubjectAlternativeName)],
        ["subject_alternative_name_critical"] =
        [
            Replace(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/a")], critical: true)),
            Tbs(t => t with { Subject = X500Name.Empty }),
        ],
        ["subject_alternative_name_unique"] = [Named(new GeneralName.Dns("a.example"), new GeneralName.Dns("a.example"))],
        ["subject_alternative_name_kinds"] = [Named(new GeneralName.Other(new byte[] { 0x88, 0x01, 0x2A }))],
        ["dns_name_syntax"] =
        [
            Named(new GeneralName.Dns("a_b.example")), Named(new GeneralName.Dns("-a.example")), Named(new GeneralName.Dns("a..example")), Named(new GeneralName.Dns("a.example.")),
            Named(new GeneralName.Dns("10.0.0.1")), Named(new GeneralName.Dns("https://a.example")), Named(new GeneralName.Dns(new string('a', 64) + ".example")), Named(new GeneralName.Dns("a b")),
        ],
        ["dns_wildcard"] =
        [
            Named(new GeneralName.Dns("a*.example.org")), Named(new GeneralName.Dns("*.org")),
            Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.example")), Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("a*.pki.example")),
            Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("*.*.pki.example")), Server(new GeneralName.Dns("pki.example"), new GeneralName.Dns("a.*.example")),
        ],
        ["uri_syntax"] = [Named(new GeneralName.Uri("/relative")), Named(new GeneralName.Uri("urn:")), Named(new GeneralName.Uri("http://a b")), Named(new GeneralName.Uri("1http://a"))],
        ["rfc822_syntax"] = [Named(new GeneralName.Rfc822("nobody")), Named(new GeneralName.Rfc822("@a.example")), Named(new GeneralName.Rfc822("a@b@c.example")), Named(new GeneralName.Rfc822("a@-b"))],
        ["common_name_in_names"] =
        [
            Tbs(t => t with { Subject = X500Name.Create((Oids.CommonName, "other.example")) }),
            Tbs(t => t with { Subject = X500Name.Create((Oids.CommonName, "10.0.0.1")) }),
        ],
        ["tls_server_names"] = [new((AgentTbs() with { Extensions = AgentTbs().Extensions.With(X509Extension.ExtendedKeyUsage(Oids.ServerAuth)) }).Encode(), ServerContext)],
        ["spiffe_single_uri"] =
        [
            Named(new GeneralName.Uri("spiffe://agents.example/a"), new GeneralName.Uri("spiffe://agents.example/b")),
            Named(new GeneralName.Uri("spiffe://agents.example/a"), new GeneralName.Uri("https://agents.example/a")),
        ],
        ["spiffe_syntax"] =
        [
            Named(new GeneralName.Uri("spiffe://Agents.example/a")), Named(new GeneralName.Uri("spiffe://agents.example/a/")), Named(new GeneralName.Uri("spiffe://agents.example/a//b")),
            Named(new GeneralName.Uri("spiffe://agents.example/../b")), Named(new GeneralName.Uri("spiffe://agents.example/a?x=1")), Named(new GeneralName.Uri("SPIFFE://agents.example/a")),
            Named(new GeneralName.Uri("spiffe://agents.example:80/a")), Named(new GeneralName.Uri("spiffe:///a")), Named(new GeneralName.Uri("spiffe://agents.example/%61")),
        ],
        ["spiffe_trust_domain"] = [Named(new GeneralName.Uri("spiffe://other.example/a"))],
        ["spiffe_path"] =
        [
            Named(new GeneralName.Uri("spiffe://agents.example")),
            new((IssuingTbs() with { Extensions = IssuingTbs().Extensions.With(X509Extension.SubjectAlternativeName([new GeneralName.Uri("spiffe://agents.example/ca")])) }).Encode(), IssuingContext),
        ],
    };
}
