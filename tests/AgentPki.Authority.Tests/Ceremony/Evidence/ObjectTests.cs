using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Cryptography;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>Evidence with a certification request, a CRL, and roots that certify each other.</summary>
public sealed class ObjectScene : EvidenceScene
{
    internal const string Steps = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
          - { step: root-ca, subject: "CN=Test Root,O=Test" }
          - { step: issuing-request, name: second, subject: "CN=Second,O=Test" }
          - { step: root-crl }
          - { step: issuing-ca, subject: "CN=Test Issuing CA,O=Test" }
          - { step: successor, algorithm: ecdsa-p384, root-algorithm: ecdsa-p384 }
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
        var attack = AttackTable.OnObjects.Single(a => a.Name == name);
        Assert.Contains(attack.ShellReason ?? attack.Reason, output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("ml-dsa-65")]
    [InlineData("rsa-3072")]
    [InlineData("ed25519")]
    [InlineData("catalyst ecdsa-p256 + ml-dsa-65")]
    [InlineData("mldsa44-rsa2048-pss")]
    [InlineData("mldsa44-rsa2048-pkcs15")]
    [InlineData("mldsa44-ed25519")]
    [InlineData("mldsa44-ecdsa-p256")]
    [InlineData("mldsa65-rsa3072-pss")]
    [InlineData("mldsa65-rsa3072-pkcs15")]
    [InlineData("mldsa65-rsa4096-pss")]
    [InlineData("mldsa65-rsa4096-pkcs15")]
    [InlineData("mldsa65-ecdsa-p256")]
    [InlineData("mldsa65-ecdsa-p384")]
    [InlineData("mldsa65-ecdsa-brainpoolp256r1")]
    [InlineData("mldsa65-ed25519")]
    [InlineData("mldsa87-ecdsa-p384")]
    [InlineData("mldsa87-ecdsa-brainpoolp384r1")]
    [InlineData("mldsa87-ed448")]
    [InlineData("mldsa87-rsa3072-pss")]
    [InlineData("mldsa87-rsa4096-pss")]
    [InlineData("mldsa87-ecdsa-p521")]
    public async Task Shell_OtherKindsOfKey_AreVerifiedByTheNewerOpenSsl(string algorithm)
    {
        await using var other = await HoldAsync(algorithm);
        Assert.Empty(EvidenceJudges.Program(other.Ceremony.Folder));
        var (code, output) = EvidenceJudges.Shell(other.Ceremony.Folder, openssl: PqRuntime.OpenSsl);
        Assert.True(code == 0, output);
    }

    /// <summary>Both halves of a composite's signature matter, in all three kinds of object.</summary>
    [Theory]
    [Trait("tier", "full")]
    [InlineData("mldsa44-rsa2048-pss")]
    [InlineData("mldsa65-ecdsa-p256")]
    [InlineData("mldsa87-ed448")]
    public async Task Both_EitherHalfOfASignatureChanged_IsRefused(string algorithm)
    {
        await using var other = await HoldAsync(algorithm);
        foreach (var (which, kind, file) in new[] { (0, RecordKinds.Certificate, "root.der"), (0, RecordKinds.Object, "second.csr"), (1, RecordKinds.Object, "root-1.crl") })
        {
            foreach (var fromEnd in new[] { 10, 1200 })
            {
                using var copy = other.Copy();
                var forger = new Forger(copy);
                var content = forger.ReadFile($"artifacts/{file}");
                content[^fromEnd] ^= 1;
                forger.Change(kind, d => AttackTable.WithContent(d, forger, content), which);
                await forger.WriteAsync();
                Assert.NotEmpty(EvidenceJudges.Program(copy.Folder));
                var (code, output) = EvidenceJudges.Shell(copy.Folder, openssl: PqRuntime.OpenSsl);
                Assert.True(code == 1 && output.Contains($"artifacts/{file} is not signed by", StringComparison.Ordinal), $"{file}, octet {fromEnd} from its end: {output}");
            }
        }
    }

    private static async Task<EvidenceScene> HoldAsync(string algorithm)
    {
        var scene = new EvidenceScene();
        await scene.HoldAsync($$"""
              - { step: initialise-token, token: main }
              - { step: ledger-key }
              - { step: root-ca, subject: "CN=Test Root,O=Test", algorithm: {{algorithm}} }
              - { step: issuing-request, name: second, subject: "CN=Second,O=Test", algorithm: {{algorithm}} }
              - { step: root-crl }
            """, KeyAlgorithm.EcdsaP256);
        return scene;
    }

    private static string ReasonOf(string name) => AttackTable.OnObjects.Single(a => a.Name == name).Reason;

    private async Task<EvidenceCopy> TamperAsync(string name)
    {
        var copy = scene.Copy();
        await AttackTable.OnObjects.Single(a => a.Name == name).Tamper(copy);
        return copy;
    }
}
