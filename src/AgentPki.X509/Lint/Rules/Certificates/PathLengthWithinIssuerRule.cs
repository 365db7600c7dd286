using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A CA fits below its issuer's path length, and its own is smaller.</summary>
internal sealed class PathLengthWithinIssuerRule() : CertificateRule("path_length_within_issuer", LintSeverity.Error, "RFC 5280 §4.2.1.9, §6.1.4")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        if (certificate.BasicConstraints is not { IsCertificateAuthority: true } own || context.Issuer?.BasicConstraints?.PathLength is not { } allowed)
        {
            return null;
        }

        return allowed == 0 ? "The issuer allows no CA below it." : own.PathLength is { } length && length < allowed ? null : $"The path length must be below the issuer's {allowed}.";
    }
}
