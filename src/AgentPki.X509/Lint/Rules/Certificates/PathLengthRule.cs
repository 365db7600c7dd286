using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A path length stands only beside cA TRUE and keyCertSign.</summary>
internal sealed class PathLengthRule() : CertificateRule("path_length_needs_authority", LintSeverity.Error, "RFC 5280 §4.2.1.9")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.BasicConstraints is not { PathLength: not null } constraints
            || (constraints.IsCertificateAuthority && certificate.KeyUsages is { } usages && (usages & KeyUsages.KeyCertSign) != 0)
            ? null
            : "A path length without cA TRUE and keyCertSign.";
}
