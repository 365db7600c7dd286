using AgentPki.X509.Lint;
using Xunit;

namespace AgentPki.X509.Tests.Lint;

public sealed class CertificateLinterTests
{
    public static TheoryData<string, int> BadCases => [.. CertificateLintCases.Bad.SelectMany(b => Enumerable.Range(0, b.Value.Count).Select(i => (b.Key, i)))];

    public static TheoryData<string> GoodCases => [.. CertificateLintCases.Good.Keys];

    [Fact]
    public void Rules_Each_HasABadCaseACitationAndAName()
    {
        Assert.Equal(CertificateLinter.Rules.Select(r => r.Name).Order(StringComparer.Ordinal), CertificateLintCases.Bad.Keys.Order(StringComparer.Ordinal));
        Assert.All(CertificateLinter.Rules, rule => Assert.Matches("^(RFC|X\\.690|X\\.509|CA/B|NIST|SPIFFE)", rule.Citation));
        Assert.All(CertificateLinter.Rules, rule => Assert.Matches("^[a-z0-9_]+$", rule.Name));
    }

    [Theory]
    [MemberData(nameof(BadCases))]
    public void Lint_BadCase_FindsThatRuleAndNoOther(string rule, int index)
    {
        var bad = CertificateLintCases.Bad[rule][index];

        var findings = CertificateLinter.Lint(bad.Tbs, bad.Context);

        Assert.Equal(new[] { rule }.Concat(bad.Also).Order(StringComparer.Ordinal), findings.Select(f => f.RuleName).Order(StringComparer.Ordinal));
        Assert.All(findings, f => Assert.NotEmpty(f.Detail));
    }

    [Theory]
    [MemberData(nameof(GoodCases))]
    public void Lint_GoodCase_FindsNothing(string name) =>
        Assert.Empty(CertificateLinter.Lint(CertificateLintCases.Good[name].Tbs, CertificateLintCases.Good[name].Context));
}
