using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Whoever is no CA says so or says nothing, and has no path length.</summary>
internal sealed class BasicConstraintsOfLeafRule() : CertificateRule("basic_constraints_of_leaf", LintSeverity.Error, "RFC 5280 §4.2.1.9")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        context.IsAuthority || certificate.BasicConstraints is null or { IsCertificateAuthority: false, PathLength: null }
            ? null
            : "This position is not a CA's; basic constraints say nothing of cA or path length.";
}
