using System.Diagnostics;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.PostQuantum;

/// <summary>A fourth opinion beside BouncyCastle and openssl: Node.js 26 (tests/foreign/node.sh) reads our chains and verifies each link, and refuses a wrong one.</summary>
[Trait("tier", "full")]
public sealed class NodeAgreementTests
{
    private const string Judge = """
        const { X509Certificate } = require('node:crypto'), fs = require('node:fs'), assert = require('node:assert');
        const [leaf, issuing, root] = process.argv.slice(2).map(f => new X509Certificate(fs.readFileSync(f)));
        assert(leaf.verify(issuing.publicKey) && issuing.verify(root.publicKey) && root.verify(root.publicKey));
        assert(leaf.checkIssued(issuing) && issuing.checkIssued(root));
        assert(!leaf.verify(root.publicKey));
        console.log(leaf.publicKey.asymmetricKeyType);
        """;

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    [InlineData("ml-dsa-87")]
    [InlineData("slh-dsa-sha2-128f")]
    [InlineData("slh-dsa-shake-128f")]
    public async Task Node_AcceptsOurChain(string name)
    {
        var (root, issuing, leaf) = (OpenSslAgreementTests.Key(name, "root"), OpenSslAgreementTests.Key(name, "issuing"), OpenSslAgreementTests.Key(name, "leaf"));
        var folder = Directory.CreateTempSubdirectory("agentpki-node-");
        try
        {
            string Write(string file, byte[] content)
            {
                var path = Path.Combine(folder.FullName, file);
                File.WriteAllBytes(path, content);
                return path;
            }

            var files = new[]
            {
                Write("judge.cjs", System.Text.Encoding.UTF8.GetBytes(Judge)),
                Write("leaf.der", OpenSslAgreementTests.Issue(TestPki.AgentTbs(), leaf, issuing).Der.ToArray()),
                Write("issuing.der", OpenSslAgreementTests.Issue(TestPki.IssuingTbs(), issuing, root).Der.ToArray()),
                Write("root.der", OpenSslAgreementTests.Issue(TestPki.RootTbs(), root, root).Der.ToArray()),
            };
            var tree = Tree();
            var node = await RunAsync(Path.Combine(tree, "tests", "foreign", "node.sh"), Path.Combine(tree, ".tools", "node"));
            Assert.Equal(name, (await RunAsync(node, files)).Trim());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Tree()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("AgentPki.sln is not above this test.");
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program.Trim(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program}: {await error}");
        return await output;
    }
}
