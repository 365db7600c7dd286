using AgentPki.X509.Ocsp;
using AgentPki.X509.Lint.Rules.Ocsp;

namespace AgentPki.X509.Lint;

/// <summary>Checks the octets of an OCSP ResponseData before they are signed.</summary>
public static class OcspResponseLinter
{
    private static readonly WellFormedRule WellFormed = new("RFC 6960 §4.2.1, X.690 §10");

    private static readonly OcspResponseRule[] Checks =
    [
        new OcspSignatureAlgorithmRule(),
        new OcspResponderIdRule(),
        new OcspResponderMayAnswerRule(),
        new OcspResponsesPresentRule(),
        new OcspCertificateIssuerRule(),
        new OcspTimesRule(),
        new OcspValidityLimitRule(),
        new OcspResponderValidityRule(),
        new OcspReasonRule(),
        new OcspNonceRule(),
        new OcspExtensionsRule(),
    ];

    /// <summary>Every rule, for documentation and for the test that asks each for its golden cases.</summary>
    public static IReadOnlyList<ILintRule> Rules { get; } = [WellFormed, .. Checks];

    /// <summary>What is wrong with exactly these octets; empty when nothing is.</summary>
    public static IReadOnlyList<LintFinding> Lint(ReadOnlyMemory<byte> responseData, OcspLintContext context)
    {
        try
        {
            return Lint(ResponseData.Parse(responseData), context);
        }
        catch (MalformedDataException e)
        {
            return WellFormed.Report(e);
        }
    }

    /// <summary>The same for octets that were parsed already.</summary>
    public static IReadOnlyList<LintFinding> Lint(ResponseData fields, OcspLintContext context) => OcspResponseRule.Run(Checks, fields, context);
}
