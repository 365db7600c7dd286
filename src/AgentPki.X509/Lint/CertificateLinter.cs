using AgentPki.X509.Certificates;
using AgentPki.X509.Lint.Rules.Certificates;

namespace AgentPki.X509.Lint;

/// <summary>Checks the octets of a TBSCertificate before they are signed: parsed once, then every rule over the parsed form.</summary>
public static class CertificateLinter
{
    private static readonly WellFormedRule WellFormed = new("RFC 5280 §4.1, X.690 §10");

    private static readonly CertificateRule[] Checks =
    [
        new VersionRule(),
        new SerialPositiveRule(),
        new SerialLengthRule(),
        new SerialEntropyRule(),
        new SignatureAlgorithmRule(),
        new SignatureParametersRule(),
        new ValidityEncodingRule(),
        new ValidityOrderRule(),
        new ValidityLimitRule(),
        new ValidityWithinIssuerRule(),
        new IssuerNotEmptyRule(),
        new IssuerMatchesRule(),
        new IssuerMayIssueRule(),
        new SelfSignedRootRule(),
        new SubjectOfAuthorityRule(),
        new SubjectDiffersRule(),
        new NameStringTypesRule(),
        new NameLengthRule(),
        new NameControlCharactersRule(),
        new OneCommonNameRule(),
        new UniqueIdentifiersRule(),
        new PublicKeyValidRule(),
        new PublicKeyStrengthRule(),
        new ExtensionsUniqueRule(),
        new ExtensionsPresentRule(),
        new CriticalExtensionsKnownRule(),
        new ExtensionCriticalityRule(),
        new ObjectIdentifierSizeRule(),
        new BasicConstraintsOfAuthorityRule(),
        new BasicConstraintsOfLeafRule(),
        new PathLengthRule(),
        new PathLengthWithinIssuerRule(),
        new KeyUsagePresentRule(),
        new KeyUsageOfPositionRule(),
        new KeyUsageOfAlgorithmRule(),
        new KeyAgreementQualifiersRule(),
        new ExtendedKeyUsagePresentRule(),
        new ExtendedKeyUsageAnyRule(),
        new ExtendedKeyUsageOfPositionRule(),
        new ExtendedKeyUsageOfAlgorithmRule(),
        new ExtendedKeyUsageUniqueRule(),
        new ExtendedKeyUsageConsistentRule(),
        new SubjectAlternativeNamePresentRule(),
        new SubjectAlternativeNameCriticalRule(),
        new SubjectAlternativeNameUniqueRule(),
        new SubjectAlternativeNameKindsRule(),
        new DnsNameSyntaxRule(),
        new DnsWildcardRule(),
        new UriSyntaxRule(),
        new Rfc822SyntaxRule(),
        new CommonNameInNamesRule(),
        new TlsServerNamesRule(),
        new SpiffeSingleUriRule(),
        new SpiffeSyntaxRule(),
        new SpiffeTrustDomainRule(),
        new SpiffePathRule(),
        new SubjectKeyIdentifierPresentRule(),
        new SubjectKeyIdentifierMethodRule(),
        new AuthorityKeyIdentifierRule(),
        new AuthorityKeyIdentifierFormRule(),
        new AuthorityInformationAccessRule(),
        new CrlDistributionPointsRule(),
        new FreshestCrlRule(),
        new RevocationInformationRule(),
        new NoRevocationAvailableRule(),
        new OcspNoCheckRule(),
        new CertificatePoliciesRule(),
        new NameConstraintsPositionRule(),
        new NameConstraintsHeldRule(),
        new AlternativeKeyValidRule(),
        new AlternativeKeyDiffersRule(),
        new AlternativeKeyStrengthRule(),
        new AlternativeKeyUsageRule(),
        new AlternativeSignatureAlgorithmRule(),
        new AlternativeSignatureValueRule(),
        new RelatedCertificateHashRule(),
        new RelatedCertificatePositionRule(),
        new DerCanonicalRule(),
    ];

    /// <summary>Every rule, for documentation and for the test that asks each for its golden cases.</summary>
    public static IReadOnlyList<ILintRule> Rules { get; } = [WellFormed, .. Checks];

    /// <summary>What is wrong with exactly these octets; empty when nothing is.</summary>
    public static IReadOnlyList<LintFinding> Lint(ReadOnlyMemory<byte> tbs, LintContext context)
    {
        try
        {
            return Lint(TbsFields.Parse(tbs), context);
        }
        catch (MalformedDataException e)
        {
            return WellFormed.Report(e);
        }
    }

    /// <summary>The same for octets that were parsed already.</summary>
    public static IReadOnlyList<LintFinding> Lint(TbsFields fields, LintContext context) => CertificateRule.Run(Checks, fields, context);
}
