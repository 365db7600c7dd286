using System.Diagnostics;
using System.Text;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using Xunit;

namespace AgentPki.Cryptography.Tests.Composite;

/// <summary>Our composite signatures before BouncyCastle's Java library (tests/foreign/bouncycastle.sh), live.</summary>
[Trait("tier", "full")]
public sealed class CompositeForeignTests
{
    private const string Message = "what both halves say";

    [Fact]
    public async Task SignAsync_AllEighteen_AreAcceptedByBouncyCastleForJava()
    {
        var provider = new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider());
        var folder = Directory.CreateTempSubdirectory("agentpki-composite-");
        try
        {
            foreach (var algorithm in KeyAlgorithm.All.Where(a => a.Composite is not null))
            {
                var name = CompositeArtifact.Of(algorithm).Name;
                await using var key = await provider.GenerateAsync(new("foreign", algorithm, KeyPurpose.Subject), default);
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name + ".spki"), key.PublicKey.SubjectPublicKeyInfo.ToArray());
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name + ".sig"), await key.SignAsync(algorithm.DefaultSignature, Encoding.UTF8.GetBytes(Message), default));
            }

            var tests = new FileInfo(Vectors.Path("composite-bouncycastle/SOURCE.md")).Directory!.Parent!.Parent!.FullName;
            var classes = await RunAsync(Path.Combine(tests, "foreign", "bouncycastle.sh"), Path.Combine(tests, "..", ".tools", "bouncycastle"));
            await RunAsync("java", "-cp", classes.Trim(), Path.Combine(tests, "foreign", "java", "Composite.java"), "check", Message, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {await error}");
        return await output;
    }
}
