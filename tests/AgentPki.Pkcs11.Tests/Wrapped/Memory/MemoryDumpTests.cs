using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Wrapped.Memory;

/// <summary>
/// The whole memory of a process, native and managed, after a wrapped key was made and used in it with a real SoftHSM: neither the seed (which is what was
/// wrapped), nor the expanded key in any of its forms, nor a PIN is in it. That the search would find them is shown on the same process.
/// </summary>
public sealed class MemoryDumpTests
{
    [Theory]
    [InlineData("ml-dsa-65")]
    public void Memory_AfterGenerationAndSignature_HoldsNoSecret(string name) => SearchAll(name);

    [Theory]
    [Trait("tier", "full")]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-87")]
    [InlineData("slh-dsa-sha2-256f")]
    [InlineData("slh-dsa-shake-192f")]
    public void Memory_OtherSets_HoldsNoSecret(string name) => SearchAll(name);

    private static void SearchAll(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var home = Directory.CreateTempSubdirectory("agentpki-memory-").FullName;
        try
        {
            var seed = RandomNumberGenerator.GetBytes(AgentPki.Cryptography.Providers.Pinned.PinnedKey.SecretSize(algorithm));
            File.WriteAllBytes(Path.Combine(home, "seed"), seed);
            using var child = Start(home, name);

            Await(child, MemoryChild.Generated);
            var needles = MemoryNeedles.Of(algorithm, seed, File.ReadAllBytes(Path.Combine(home, "pin")), File.ReadAllBytes(MemoryChild.SoPin(home)));
            var search = new MemorySearch(needles);
            AssertFinds(search, child, []);

            GoOn(child, MemoryChild.Signed);
            AssertFinds(search, child, []);

            // By its policy the key stays: what it signs with is there, what it came from is not.
            GoOn(child, MemoryChild.Kept);
            AssertFinds(search, child, algorithm.Family == AlgorithmFamily.MlDsa ? ["K", "ŝ1", "ŝ2", "t̂0"] : ["seed"]);

            GoOn(child, MemoryChild.Forgotten);
            AssertFinds(search, child, []);

            // The search is known to work: planted, each of them is found.
            GoOn(child, MemoryChild.Planted);
            var planted = needles.Select(n => n.Name).Except(["PIN", "SO PIN as a string"]);
            Assert.Empty(planted.Except(search.In(child.Id).Keys));
            child.StandardInput.WriteLine();
            Assert.True(child.WaitForExit(TimeSpan.FromMinutes(1)));
            Assert.Equal(0, child.ExitCode);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private static void AssertFinds(MemorySearch search, Process child, IEnumerable<string> expected)
    {
        var found = search.In(child.Id);
        var surprises = found.Where(f => !expected.Contains(f.Key) && !IsTheSame(f.Key, expected)).Select(f => $"{f.Key}: {f.Value}").ToList();
        Assert.True(surprises.Count == 0, string.Join('\n', surprises));
        Assert.Empty(expected.Except(found.Keys));
    }

    /// <summary>Coefficients that happen to lie between 0 and q - 1 already are in both forms.</summary>
    private static bool IsTheSame(string name, IEnumerable<string> expected) => name.EndsWith(" mod q", StringComparison.Ordinal) && expected.Contains(name[..^6]);

    private static Process Start(string home, string algorithm)
    {
        var program = Environment.ProcessPath ?? "dotnet";
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(MemoryChild).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. self, MemoryChild.Verb, home, algorithm]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return Process.Start(start) ?? throw new InvalidOperationException("The process to be searched did not start.");
    }

    private static void GoOn(Process child, string until)
    {
        child.StandardInput.WriteLine();
        Await(child, until);
    }

    private static void Await(Process child, string step) => Assert.Equal(step, child.StandardOutput.ReadLine());
}
