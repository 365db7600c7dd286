using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>nextUpdate is present and after thisUpdate.</summary>
internal sealed class CrlNextUpdateRule() : CertificateListRule("crl_next_update", LintSeverity.Error, "RFC 5280 §5.1.2.5")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context) =>
        list.NextUpdate is not { } next ? "nextUpdate is missing." : next > list.ThisUpdate ? null : $"nextUpdate {next:u} is not after thisUpdate {list.ThisUpdate:u}.";
}
