using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Certificates;

/// <summary>A verifier that can demand both signatures, and everything that somebody who broke the first one would try.</summary>
public sealed class AlternativeChainTests
{
    private static readonly ChainOptions Required = new(TestPki.Now, Oids.ClientAuth) { AlternativeSignatures = AlternativeSignaturePolicy.Required };

    [Theory]
    [InlineData(AlternativeSignaturePolicy.Required)]
    [InlineData(AlternativeSignaturePolicy.WhenPresent)]
    [InlineData(AlternativeSignaturePolicy.Ignored)]
    public void Validate_BothSignaturesEverywhere_IsValid(AlternativeSignaturePolicy policy) =>
        Assert.IsType<ChainResult.Valid>(Validate(CatalystPki.Agent, policy));

    [Fact]
    public void Validate_NoneDemanded_SingleSignaturesAreValid() =>
        Assert.IsType<ChainResult.Valid>(CertificateChain.Validate(TestPki.Agent, [TestPki.Issuing], [TestPki.Root], Required with { AlternativeSignatures = AlternativeSignaturePolicy.WhenPresent }, TestPki.Providers));

    [Fact]
    public void Validate_StrippedFromTheLeaf_IsRefusedWhereDemandedAndElsewhereNot()
    {
        // Who has broken the primary algorithm leaves the second signature out and signs anew.
        var stripped = TestPki.Issue(CatalystPki.WithKey(TestPki.AgentTbs(), CatalystPki.AgentAlternative), TestPki.IssuingKey);

        Invalid(ChainFailure.AlternativeSignatureMissing, stripped, AlternativeSignaturePolicy.Required);
        Assert.IsType<ChainResult.Valid>(Validate(stripped, AlternativeSignaturePolicy.WhenPresent));
        Assert.IsType<ChainResult.Valid>(Validate(stripped, AlternativeSignaturePolicy.Ignored));
    }

    [Fact]
    public void Validate_StrippedFromTheIssuer_IsRefusedWhereDemanded()
    {
        var issuing = TestPki.Issue(CatalystPki.WithKey(TestPki.IssuingTbs(), CatalystPki.IssuingAlternative), TestPki.RootKey);

        var invalid = Assert.IsType<ChainResult.Invalid>(Validate(CatalystPki.Agent, AlternativeSignaturePolicy.Required, issuing));

        Assert.Equal((ChainFailure.AlternativeSignatureMissing, issuing), (invalid.Failure, invalid.At));
    }

    [Fact]
    public void Validate_IssuerWithAnotherAlternativeKey_IsRefused()
    {
        // The forged issuer carries the forger's alternative key: it is not what the root signed the alternative way.
        var issuing = TestPki.Issue(CatalystPki.WithKey(TestPki.IssuingTbs(), CatalystPki.AgentAlternative), TestPki.RootKey);
        var agent = CatalystPki.Issue(TestPki.AgentTbs(), TestPki.IssuingKey, CatalystPki.AgentAlternative);

        Invalid(ChainFailure.AlternativeSignatureMissing, agent, AlternativeSignaturePolicy.Required, issuing);
        var copied = TestPki.Issue(
            TestPki.IssuingTbs() with { Extensions = [.. CatalystPki.Issuing.Extensions.With(X509Extension.SubjectAltPublicKeyInfo(CatalystPki.AgentAlternative.PublicKey))] }, TestPki.RootKey);
        Invalid(ChainFailure.BadAlternativeSignature, agent, AlternativeSignaturePolicy.Required, copied);
        Invalid(ChainFailure.BadAlternativeSignature, agent, AlternativeSignaturePolicy.WhenPresent, copied);
    }

    [Theory]
    [InlineData(AlternativeSignaturePolicy.Required)]
    [InlineData(AlternativeSignaturePolicy.WhenPresent)]
    public void Validate_SignedWithAnotherAlternativeKey_IsRefused(AlternativeSignaturePolicy policy) =>
        Invalid(ChainFailure.BadAlternativeSignature, CatalystPki.Issue(TestPki.AgentTbs(), TestPki.IssuingKey, CatalystPki.AgentAlternative), policy);

    [Theory]
    [InlineData(AlternativeSignaturePolicy.Required)]
    [InlineData(AlternativeSignaturePolicy.WhenPresent)]
    public void Validate_IssuerWithoutAlternativeKey_IsRefused(AlternativeSignaturePolicy policy)
    {
        var issuing = CatalystPki.Issue(TestPki.IssuingTbs(), TestPki.RootKey, CatalystPki.RootAlternative);

        Invalid(ChainFailure.AlternativeKeyMissing, CatalystPki.Agent, policy, issuing);
    }

    [Theory]
    [InlineData(Oids.AltSignatureAlgorithm)]
    [InlineData(Oids.AltSignatureValue)]
    public void Validate_HalfOfIt_IsRefusedThoughNotDemanded(string missing)
    {
        var half = TestPki.Issue(TestPki.AgentTbs() with { Extensions = CatalystPki.Agent.Extensions.Without(missing) }, TestPki.IssuingKey);

        Invalid(ChainFailure.AlternativeSignatureMissing, half, AlternativeSignaturePolicy.WhenPresent);
        Invalid(ChainFailure.AlternativeSignatureMissing, half, AlternativeSignaturePolicy.Required);
    }

    [Fact]
    public void Validate_CriticalAlternativeKey_IsRefusedByWhoIgnoresIt()
    {
        var tbs = TestPki.AgentTbs();
        var critical = X509Extension.SubjectAltPublicKeyInfo(CatalystPki.AgentAlternative.PublicKey) with { Critical = true };
        var agent = CatalystPki.Issue(tbs with { Extensions = [.. tbs.Extensions, critical] }, TestPki.IssuingKey, CatalystPki.IssuingAlternative);

        Assert.IsType<ChainResult.Valid>(Validate(agent, AlternativeSignaturePolicy.Required));
        Invalid(ChainFailure.UnknownCriticalExtension, agent, AlternativeSignaturePolicy.Ignored);
    }

    [Fact]
    public void Validate_PrimarySignatureWrong_IsRefusedThoughTheAlternativeIsRight() =>
        Invalid(ChainFailure.BadSignature, CatalystPki.Issue(TestPki.AgentTbs(), TestPki.AgentKey, CatalystPki.IssuingAlternative), AlternativeSignaturePolicy.Required);

    private static void Invalid(ChainFailure expected, Certificate certificate, AlternativeSignaturePolicy policy, Certificate? issuing = null)
    {
        var invalid = Assert.IsType<ChainResult.Invalid>(Validate(certificate, policy, issuing));
        Assert.Equal(expected, invalid.Failure);
        Assert.NotEmpty(invalid.Detail);
    }

    private static ChainResult Validate(Certificate certificate, AlternativeSignaturePolicy policy, Certificate? issuing = null) =>
        CertificateChain.Validate(certificate, [issuing ?? CatalystPki.Issuing], [CatalystPki.Root], Required with { AlternativeSignatures = policy }, TestPki.Providers);
}
