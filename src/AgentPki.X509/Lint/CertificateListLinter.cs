using AgentPki.X509.CertificateLists;
using AgentPki.X509.Lint.Rules.CertificateLists;

namespace AgentPki.X509.Lint;

/// <summary>Checks the octets of a TBSCertList before they are signed.</summary>
public static class CertificateListLinter
{
    private static readonly WellFormedRule WellFormed = new("RFC 5280 §5.1, X.690 §10");

    private static readonly CertificateListRule[] Checks =
    [
        new CrlVersionRule(),
        new CrlSignatureAlgorithmRule(),
        new CrlIssuerRule(),
        new CrlIssuerMaySignRule(),
        new CrlTimeEncodingRule(),
        new CrlNextUpdateRule(),
        new CrlValidityLimitRule(),
        new CrlNumberRule(),
        new CrlAuthorityKeyIdentifierRule(),
        new CrlExtensionCriticalityRule(),
        new CrlExtensionsUniqueRule(),
        new CrlIssuingDistributionPointRule(),
        new CrlDistributionPointNamesRule(),
        new CrlFreshestRule(),
        new CrlExpiredCertificatesRule(),
        new CrlEmptyListRule(),
        new CrlEntryExtensionsRule(),
        new CrlEntriesRule(),
        new CrlAlternativeSignatureAlgorithmRule(),
        new CrlAlternativeSignatureValueRule(),
    ];

    /// <summary>Every rule, for documentation and for the test that asks each for its golden cases.</summary>
    public static IReadOnlyList<ILintRule> Rules { get; } = [WellFormed, .. Checks];

    /// <summary>What is wrong with exactly these octets; empty when nothing is.</summary>
    public static IReadOnlyList<LintFinding> Lint(ReadOnlyMemory<byte> tbs, CertificateListLintContext context)
    {
        try
        {
            return Lint(CertificateListFields.Parse(tbs), context);
        }
        catch (MalformedDataException e)
        {
            return WellFormed.Report(e);
        }
    }

    /// <summary>The same for octets that were parsed already.</summary>
    public static IReadOnlyList<LintFinding> Lint(CertificateListFields fields, CertificateListLintContext context) => CertificateListRule.Run(Checks, fields, context);
}
