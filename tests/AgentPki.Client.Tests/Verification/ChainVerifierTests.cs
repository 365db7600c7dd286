using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Profiles;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Client.Tests.Verification;

/// <summary>What a relying party says of two certificates of one agent (RFC 9763).</summary>
public sealed class ChainVerifierTests : IAsyncLifetime
{
    private TestAuthority _authority = null!;
    private Certificate _first = null!;
    private Certificate _second = null!;
    private Certificate _other = null!;

    public async ValueTask InitializeAsync()
    {
        _authority = await TestAuthority.StartAsync(
            profiles: ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "agent.yaml" ? (text.File, text.Yaml + "\nrelatedCertificates: true\n") : text)));
        (_first, var firstKey) = await _authority.AgentAsync("one.agents.test");
        (_other, var otherKey) = await _authority.AgentAsync("two.agents.test");
        await otherKey.DisposeAsync();
        await using var secondKey = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65);
        var attribute = await RelatedCertificateRequest.CreateAsync(_first, firstKey, _authority.Time.GetUtcNow(), [], TestContext.Current.CancellationToken);
        await firstKey.DisposeAsync();
        var csr = await TestAuthority.RequestAsync(secondKey, "one.agents.test", options: new Pkcs10Options { Attributes = [attribute] });
        _second = Assert.IsType<EnrollmentOutcome.Issued>(await _authority.EnrollAsync(csr, await _authority.CredentialAsync())).Certificate;
    }

    public ValueTask DisposeAsync() => _authority.DisposeAsync();

    [Fact]
    public void VerifyPair_EcdsaAndMlDsaOfOneAgent_HasBothPaths()
    {
        var pair = Assert.IsType<PairResult.Valid>(Verifier().VerifyPair(_second, _first, [_authority.Ceremony.Issuing]));
        Assert.Equal([_second, _authority.Ceremony.Issuing, _authority.Ceremony.Root], pair.Path);
        Assert.Equal([_first, _authority.Ceremony.Issuing, _authority.Ceremony.Root], pair.RelatedPath);
    }

    [Fact]
    public void VerifyPair_RelatedCertificateThatIsnt_IsNotRelated()
    {
        Assert.Equal(new PairResult.NotRelated(RelatedCertificateFailure.AnotherCertificate), Verifier().VerifyPair(_second, _other, [_authority.Ceremony.Issuing]));
        Assert.Equal(new PairResult.NotRelated(RelatedCertificateFailure.NoExtension), Verifier().VerifyPair(_first, _second, [_authority.Ceremony.Issuing]));
    }

    [Fact]
    public void VerifyPair_NoPathToAnAnchor_SaysOfWhich()
    {
        Assert.Equal(ChainFailure.UnknownIssuer, Assert.IsType<PairResult.NoPath>(Verifier().VerifyPair(_second, _first, [])).Reason.Failure);
        _authority.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(ChainFailure.Expired, Assert.IsType<PairResult.NoPath>(Verifier().VerifyPair(_second, _first, [_authority.Ceremony.Issuing])).Reason.Failure);
    }

    private ChainVerifier Verifier() => new([_authority.Ceremony.Root], _authority.Providers, _authority.Time);
}
