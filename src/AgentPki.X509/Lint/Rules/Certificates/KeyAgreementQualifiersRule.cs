using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>encipherOnly and decipherOnly mean nothing without keyAgreement.</summary>
internal sealed class KeyAgreementQualifiersRule() : CertificateRule("key_agreement_qualifiers", LintSeverity.Error, "RFC 5280 §4.2.1.3")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.KeyUsages is { } usages && (usages & (KeyUsages.EncipherOnly | KeyUsages.DecipherOnly)) != 0 && (usages & KeyUsages.KeyAgreement) == 0
            ? "encipherOnly or decipherOnly without keyAgreement."
            : null;
}
