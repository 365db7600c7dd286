using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>The subject's key is a valid key of a known algorithm.</summary>
internal sealed class PublicKeyValidRule() : CertificateRule("public_key_valid", LintSeverity.Error, "RFC 5280 §4.1.2.7")
{
    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.PublicKey is null ? certificate.PublicKeyError ?? "The public key is not valid." : null;
}
