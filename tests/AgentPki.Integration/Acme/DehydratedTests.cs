using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>A shell script over curl and openssl.</summary>
[Collection(AcmeClientCollection.Name)]
public sealed class DehydratedTests(SharedAppliance shared)
{
    [Fact]
    [Trait("tier", "full")]
    public async Task Dehydrated_Stock_Obtains()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        await using var web = await ConfigureAsync(bench, [Csr.NewName("dehydrated")]);
        await RunAsync(bench, "--register", "--accept-terms");
        await RunAsync(bench, "--cron");
        var name = (await File.ReadAllTextAsync(bench.Folder.File("domains.txt"))).Trim();
        await bench.JudgeAsync(Chain(bench, name), Key(bench, name), name);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Dehydrated_WholeLife_WithExternalKeyRenewalAndRevocation()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var (id, secret) = await bench.NewExternalKeyAsync();
        string[] names = [Csr.NewName("dehydrated"), Csr.NewName("dehydrated")];
        await using var web = await ConfigureAsync(bench, names, $"EAB_KID={id}", $"EAB_HMAC_KEY={secret}", "KEY_ALGO=secp384r1", "PRIVATE_KEY_RENEW=yes");
        await RunAsync(bench, "--register", "--accept-terms");
        await RunAsync(bench, "--cron");
        var first = await bench.JudgeAsync(Chain(bench, names[0]), Key(bench, names[0]), names);

        await Task.Delay(1100); // its files are named by the second
        await RunAsync(bench, "--cron", "--force");
        var second = await bench.JudgeAsync(Chain(bench, names[0]), Key(bench, names[0]), names);
        Assert.NotEqual(first, second);

        await RunAsync(bench, "--account");
        await RunAsync(bench, "--revoke", bench.Folder.File(Path.Combine("certs", names[0], "cert.pem")));
        bench.AssertRevoked(second, reason: 0);
        await RunAsync(bench, "--deactivate");
    }

    private static string Chain(AcmeBench bench, string name) => bench.Folder.File(Path.Combine("certs", name, "fullchain.pem"));

    private static string Key(AcmeBench bench, string name) => bench.Folder.File(Path.Combine("certs", name, "privkey.pem"));

    private static async Task RunAsync(AcmeBench bench, params string[] arguments) =>
        (await Tool.RunAsync("dehydrated", ["--config", bench.Folder.File("config"), .. arguments], folder: bench.Folder.Path)).MustSucceed();

    private static async Task<ChallengeFolder> ConfigureAsync(AcmeBench bench, string[] names, params string[] more)
    {
        var (server, www) = ChallengeFolder.Of(bench.Folder, bench.Targets.Http01Port);
        await File.WriteAllTextAsync(bench.Folder.File("domains.txt"), string.Join(' ', names) + "\n");
        await File.WriteAllLinesAsync(bench.Folder.File("config"),
        [
            $"CA={bench.Directory}", $"CURL_OPTS=\"--cacert {bench.Anchors}\"", $"BASEDIR={bench.Folder.Path}", $"WELLKNOWN={www}",
            $"DOMAINS_TXT={bench.Folder.File("domains.txt")}", "CONTACT_EMAIL=ops@agents.test", "KEY_ALGO=prime256v1", .. more,
        ]);
        return server;
    }
}
