using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>The table of attacks before both judges, and every octet of every file.</summary>
public sealed class AttackTests(EvidenceScene scene) : IClassFixture<EvidenceScene>
{
    public static TheoryData<string> Attacks => [.. AttackTable.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Program_Attack_IsRefusedWithTheReason(string name)
    {
        var attack = AttackTable.All.Single(a => a.Name == name);
        using var copy = scene.Copy();
        await attack.Tamper(copy);
        var problems = EvidenceJudges.Program(copy.Folder);
        Assert.Contains(problems, p => p.Contains(attack.Reason, StringComparison.Ordinal));
        if (attack.IsOnly)
        {
            Assert.All(problems, p => Assert.Contains(Broad(attack.Reason), p, StringComparison.Ordinal));
        }
    }

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Attacks))]
    public async Task Shell_Attack_IsRefusedWithTheReason(string name)
    {
        var attack = AttackTable.All.Single(a => a.Name == name);
        using var copy = scene.Copy();
        await attack.Tamper(copy);
        var (code, output) = EvidenceJudges.Shell(copy.Folder);
        Assert.True(code == 1, output);
        Assert.Contains(attack.ShellReason ?? attack.Reason, output, StringComparison.Ordinal);
        Assert.Contains("NOT VERIFIED", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Program_AnOctetOfAnyFileChanged_IsRefused() => Flip(scene, (file, length) => [length / 2], every: 7);

    [Fact]
    [Trait("tier", "full")]
    public async Task Program_EachOctetOfEachFileChanged_IsRefused()
    {
        await using var small = new EvidenceScene();
        await small.HoldAsync("""
              - { step: initialise-token, token: main }
              - { step: ledger-key }
              - { step: root-ca, subject: "CN=R", algorithm: ecdsa-p256 }
            """, KeyAlgorithm.EcdsaP256);
        // Of minutes and script every octet is in one digest: a sample shows it.
        Flip(small, (_, length) => length <= 4096 ? Enumerable.Range(0, length) : Enumerable.Range(0, length).Where(at => at % 509 == 0), every: 1);
    }

    [Fact]
    [Trait("tier", "full")]
    public void Shell_AnOctetOfAnyFileChanged_IsRefused()
    {
        using var copy = scene.Copy();
        foreach (var file in copy.Files.Where((_, i) => i % 3 == 0).ToList())
        {
            var at = (int)(new FileInfo(copy.PathOf(file)).Length * 2 / 3);
            copy.Flip(file, at);
            var (code, output) = EvidenceJudges.Shell(copy.Folder);
            Assert.True(code == 1 && output.Contains("WRONG", StringComparison.Ordinal), $"{file} at {at}: {output}");
            copy.Flip(file, at);
        }
    }

    private static void Flip(EvidenceScene scene, Func<string, int, IEnumerable<int>> places, int every)
    {
        using var copy = scene.Copy();
        var taken = new List<string>();
        foreach (var file in copy.Files.Where((_, i) => i % every == 0).ToList())
        {
            foreach (var at in places(file, (int)new FileInfo(copy.PathOf(file)).Length))
            {
                copy.Flip(file, at);
                if (EvidenceJudges.Program(copy.Folder).Count == 0)
                {
                    taken.Add($"{file} at {at}");
                }

                copy.Flip(file, at);
            }
        }

        Assert.Empty(taken);
        Assert.Empty(EvidenceJudges.Program(copy.Folder));
    }

    [Fact]
    public void AttackTable_Names_AreUnique() => Assert.Equal(AttackTable.All.Count, AttackTable.All.Select(a => a.Name).Distinct().Count());

    // One attack may be noticed at several records, in the same words.
    private static string Broad(string reason) => reason.Contains("officers had approved", StringComparison.Ordinal) ? "officers had approved" : reason;
}
