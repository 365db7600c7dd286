using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>The npm package acme-client, driven by <c>tests/foreign/node/acme-client.cjs</c>.</summary>
[Collection(AcmeClientCollection.Name)]
public sealed class NodeClientTests(SharedAppliance shared)
{
    [Theory]
    [Trait("tier", "full")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AcmeClient_WholeLife_IsDone(bool externalKey)
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var name = Csr.NewName("node");
        var variables = new Dictionary<string, string>
        {
            ["NODE_PATH"] = await NewerClients.NodeModulesAsync(),
            ["NODE_EXTRA_CA_CERTS"] = bench.Anchors,
            ["ACME_DIRECTORY"] = bench.Directory,
            ["ACME_NAME"] = name,
            ["ACME_HTTP_PORT"] = $"{bench.Targets.Http01Port}",
            ["ACME_OUT"] = bench.Folder.Path,
        };
        if (externalKey)
        {
            (variables["ACME_KEY_ID"], variables["ACME_KEY_SECRET"]) = await bench.NewExternalKeyAsync();
        }

        (await Tool.RunAsync("node", [Path.Combine(SourceTree.Foreign, "node", "acme-client.cjs")], folder: bench.Folder.Path, environment: variables)).MustSucceed();

        var first = await bench.JudgeAsync(bench.Folder.File("first.pem"), bench.Folder.File("first.key"), name);
        var second = await bench.JudgeAsync(bench.Folder.File("second.pem"), bench.Folder.File("second.key"), name, "also-" + name);
        bench.AssertRevoked(second, reason: 4);
        Assert.DoesNotContain(first, new HomeStore(bench.Appliance.Home).Revocations().Keys);
    }
}
