using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>A key that cannot sign has no purpose that is a signature's.</summary>
internal sealed class ExtendedKeyUsageOfAlgorithmRule() : CertificateRule("extended_key_usage_of_algorithm", LintSeverity.Error, "RFC 5280 §4.2.1.12, RFC 9935 §5")
{
    // serverAuth among them: no TLS of today sends a secret to a key in a certificate (RFC 8446 §2, RFC 9325 §4.2).
    private static readonly string[] Signatures =
        [Oids.ServerAuth, Oids.ClientAuth, Oids.CodeSigning, Oids.TimeStamping, Oids.OcspSigning, Oids.CmcCa, Oids.CmcRa];

    public override string? Check(TbsFields certificate, LintContext context) =>
        certificate.PublicKey is { Algorithm: { CanSign: false } algorithm } && certificate.ExtendedKeyUsages?.FirstOrDefault(Signatures.Contains) is { } purpose
            ? $"A key of kind {algorithm.Name} signs nothing and cannot serve the purpose {purpose}."
            : null;
}
