using System.Numerics;
using AgentPki.X509.CertificateLists;

namespace AgentPki.X509.Lint.Rules.CertificateLists;

/// <summary>A CRL has a number; a delta CRL's is at least its base's.</summary>
internal sealed class CrlNumberRule() : CertificateListRule("crl_number", LintSeverity.Error, "RFC 5280 §5.2.3")
{
    public override string? Check(CertificateListFields list, CertificateListLintContext context)
    {
        if (list.Number.IsEmpty)
        {
            return "The CRL number is missing.";
        }

        return list.BaseNumber.IsEmpty || new BigInteger(list.Number.Span, true, true) > new BigInteger(list.BaseNumber.Span, true, true) ? null : "A delta CRL's number is higher than its base's.";
    }
}
