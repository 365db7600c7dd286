using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>verify.sh accepts what it must, with each shell that is called sh somewhere and each kind of key.</summary>
public sealed class VerifyScriptTests(EvidenceScene scene) : IClassFixture<EvidenceScene>
{
    [Fact]
    public void Shell_EvidenceInOrder_IsVerified()
    {
        var (code, output) = EvidenceJudges.Shell(scene.Ceremony.Folder, scene.Plan.Sha256);
        Assert.True(code == 0, output);
        Assert.DoesNotContain("WRONG", output, StringComparison.Ordinal);
        Assert.Contains("that is the digest that you gave", output, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
    }

    [Fact]
    public async Task Forger_WithoutAChange_IsVerifiedByBoth()
    {
        using var copy = scene.Copy();
        await new Forger(copy).WriteAsync();
        Assert.Empty(EvidenceJudges.Program(copy.Folder));
        var (code, output) = EvidenceJudges.Shell(copy.Folder);
        Assert.True(code == 0, output);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("ecdsa-p384", true)]
    [InlineData("ed25519", true)]
    [InlineData("rsa-3072", true)]
    [InlineData("ml-dsa-65", false)]
    public async Task Shell_OfficersWithOtherKeys_AreVerifiedOrNamed(string algorithm, bool isKnown)
    {
        await using var other = new EvidenceScene();
        await other.HoldAsync(Short, KeyAlgorithm.Find(algorithm)!);
        var (code, output) = EvidenceJudges.Shell(other.Ceremony.Folder);
        Assert.True(code == (isKnown ? 0 : 1), output);
        if (!isKnown)
        {
            Assert.Contains("does not know ML-DSA, so that the signature could not be verified: set OPENSSL to one of 3.5 or newer", output, StringComparison.Ordinal);
            (code, output) = EvidenceJudges.Shell(other.Ceremony.Folder, openssl: PqRuntime.OpenSsl);
            Assert.True(code == 0, output);
            using var copy = other.Copy();
            copy.Flip("statements/000001-alice.sig", 100);
            Assert.Equal(1, EvidenceJudges.Shell(copy.Folder, openssl: PqRuntime.OpenSsl).Code);
        }
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("bash", "--posix")]
    [InlineData("bash")]
    [InlineData("dash")]
    [InlineData("busybox", "ash")]
    public void Shell_AnyShell_IsVerified(params string[] shell)
    {
        var (code, output) = EvidenceJudges.Shell(scene.Ceremony.Folder, shell: shell);
        Assert.True(code == 0, output);
    }

    [Fact]
    public void Shell_AnotherPlanThanGiven_IsRefused()
    {
        var (code, output) = EvidenceJudges.Shell(scene.Ceremony.Folder, new string('a', 64));
        Assert.True(code == 1, output);
        Assert.Contains("it is another plan than the one that was approved", output, StringComparison.Ordinal);
        Assert.Contains(EvidenceJudges.Program(scene.Ceremony.Folder, new string('a', 64)), p => p.Contains("it is another plan than the one that was approved", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Shell_LedgerThatIsOld_ProvesTheWay()
    {
        await using var older = new EvidenceScene();
        await older.HoldAsync(Short, KeyAlgorithm.EcdsaP256);
        // More entries and another head: the way to it has both left and right neighbours.
        await older.HoldAgainAsync("""
              - { step: root-ca, subject: "CN=R", algorithm: ml-dsa-65 }
              - { step: root-ca, name: second, subject: "CN=R2", algorithm: rsa-3072 }
              - { step: issuing-ca, issuer: second, subject: "CN=I", algorithm: ed25519 }
            """);
        Assert.Empty(EvidenceJudges.Program(older.Ceremony.Folder));
        var (code, output) = EvidenceJudges.Shell(older.Ceremony.Folder, openssl: PqRuntime.OpenSsl);
        Assert.True(code == 0, output);
        Assert.Contains("that key was not made in this ceremony", output, StringComparison.Ordinal);
        (code, output) = EvidenceJudges.Shell(older.Ceremony.Folder);
        Assert.True(code == 1, output);
        Assert.Contains("does not know the kind of key that signed artifacts/root.der", output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Both_NewOfficer_HasTakenTheOfficeHimself()
    {
        await using var older = new EvidenceScene();
        await older.HoldAsync(Short, KeyAlgorithm.EcdsaP256);
        var dave = await TestOfficers.CreateAsync(2, KeyAlgorithm.EcdsaP256, "dave", "erin");
        await File.WriteAllBytesAsync(older.Ceremony.PathOf("dave.officer"), dave.Roster.Find("dave")!.Encode(), TestContext.Current.CancellationToken);
        await older.HoldAgainAsync("  - { step: officer-change, add: dave.officer }\n", request => request.What == "take the office" ? dave.Open("dave") : null);
        Assert.Empty(EvidenceJudges.Program(older.Ceremony.Folder));
        var (code, output) = EvidenceJudges.Shell(older.Ceremony.Folder);
        Assert.True(code == 0, output);
        Assert.Contains("dave approves the office that is given to him", output, StringComparison.Ordinal);

        // His statement is for these officers and no others.
        using var copy = older.Copy();
        var statement = copy.Files.Single(f => f.EndsWith("-dave.txt", StringComparison.Ordinal));
        copy.Flip(statement, 120);
        Assert.NotEmpty(EvidenceJudges.Program(copy.Folder));
        Assert.Equal(1, EvidenceJudges.Shell(copy.Folder).Code);
    }

    private const string Short = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
        """;
}
