using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>Evidence with a certification request and a CRL.</summary>
public sealed class ObjectScene : EvidenceScene
{
    internal const string Steps = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
          - { step: root-ca, subject: "CN=Test Root,O=Test" }
          - { step: issuing-request, name: second, subject: "CN=Second,O=Test" }
          - { step: root-crl }
        """;

    protected override string Script => Steps;
}

/// <summary>Requests and CRLs in the evidence are signed by whom they name, say both judges.</summary>
public sealed class ObjectTests(ObjectScene scene) : IClassFixture<ObjectScene>
{
    public static TheoryData<string> Attacks => [.. AttackTable.OnObjects.Select(a => a.Name)];

    [Fact]
    public void Both_RequestAndListInOrder_AreVerified()
    {
        Assert.Empty(EvidenceJudges.Program(scene.Ceremony.Folder));
        var (code, output) = EvidenceJudges.Shell(scene.Ceremony.Folder);
        Assert.True(code == 0, output);
        Assert.Contains("artifacts/second.csr is signed by its own key", output, StringComparison.Ordinal);
        Assert.Contains("artifacts/root-1.crl: signed by its issuer", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Program_Attack_IsRefusedWithTheReason(string name)
    {
        using var copy = await TamperAsync(name);
        Assert.Contains(EvidenceJudges.Program(copy.Folder), p => p.Contains(ReasonOf(name), StringComparison.Ordinal));
    }

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Attacks))]
    public async Task Shell_Attack_IsRefusedWithTheReason(string name)
    {
        using var copy = await TamperAsync(name);
        var (code, output) = EvidenceJudges.Shell(copy.Folder);
        Assert.True(code == 1, output);
        Assert.Contains(ReasonOf(name), output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("ml-dsa-65")]
    [InlineData("rsa-3072")]
    [InlineData("ed25519")]
    [InlineData("catalyst ecdsa-p256 + ml-dsa-65")]
    public async Task Shell_OtherKindsOfKey_AreVerifiedWhereOpenSslKnowsThem(string algorithm)
    {
        await using var other = new EvidenceScene();
        await other.HoldAsync(ObjectScene.Steps.Replace("O=Test\" }", $"O=Test\", algorithm: {algorithm} }}", StringComparison.Ordinal), AgentPki.Cryptography.KeyAlgorithm.EcdsaP256);
        Assert.Empty(EvidenceJudges.Program(other.Ceremony.Folder));
        var (code, output) = EvidenceJudges.Shell(other.Ceremony.Folder, openssl: AgentPki.Testing.PqRuntime.OpenSsl);
        Assert.True(code == 0, output);
    }

    private static string ReasonOf(string name) => AttackTable.OnObjects.Single(a => a.Name == name).Reason;

    private async Task<EvidenceCopy> TamperAsync(string name)
    {
        var copy = scene.Copy();
        await AttackTable.OnObjects.Single(a => a.Name == name).Tamper(copy);
        return copy;
    }
}
