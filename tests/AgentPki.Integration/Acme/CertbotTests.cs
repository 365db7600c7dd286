using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>Python's: accounts with and without an external key, ECDSA and RSA, renewal, every way of revocation.</summary>
[Collection(AcmeClientCollection.Name)]
public sealed class CertbotTests(SharedAppliance shared)
{
    [Fact]
    public async Task Certbot_Stock_ObtainsAndRevokes()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var certbot = new Certbot(bench);
        var (name, alternative) = (Csr.NewName("certbot"), Csr.NewName("certbot"));
        await certbot.RegisterAsync();
        await certbot.ObtainAsync("ecdsa", name, alternative);
        var serial = await bench.JudgeAsync(certbot.FullChain(name), certbot.Key(name), name, alternative);

        (await certbot.RunAsync("revoke", "--cert-name", name, "--reason", "superseded", "--no-delete-after-revoke")).MustSucceed();

        bench.AssertRevoked(serial, reason: 4);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public async Task Certbot_WholeLifeOfACertificate_IsDoneByStockCommands(string keyType)
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var certbot = new Certbot(bench);
        var name = Csr.NewName("certbot");
        await certbot.RegisterAsync();
        await certbot.ObtainAsync(keyType, name);
        var first = await bench.JudgeAsync(certbot.FullChain(name), certbot.Key(name), name);

        (await certbot.RunAsync("renew", "--cert-name", name, "--force-renewal", "--no-random-sleep-on-renew")).MustSucceed();
        var second = await bench.JudgeAsync(certbot.FullChain(name), certbot.Key(name), name);
        Assert.NotEqual(first, second);

        (await certbot.RunAsync("update_account", "-m", "others@agents.test")).MustSucceed();
        (await certbot.RunAsync("revoke", "--cert-path", certbot.Certificate(name), "--key-path", certbot.Key(name), "--reason", "keycompromise", "--no-delete-after-revoke")).MustSucceed();
        bench.AssertRevoked(second, reason: 1);
        Assert.DoesNotContain(first, new HomeStore(bench.Appliance.Home).Revocations().Keys);
        (await certbot.RunAsync("revoke", "--cert-name", name, "--no-delete-after-revoke")).MustFail();

        (await certbot.RunAsync("unregister")).MustSucceed();
        (await certbot.RunAsync("update_account", "-m", "again@agents.test")).MustFail();
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Certbot_WithAnExternalKey_IsItsOwnersClient_AndTheKeyMakesNoSecondAccount()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var certbot = new Certbot(bench);
        var (id, secret) = await bench.NewExternalKeyAsync();
        var name = Csr.NewName("certbot");
        (await certbot.RunAsync("register", "--agree-tos", "-m", "ops@agents.test", "--eab-kid", id, "--eab-hmac-key", (secret[0] == 'A' ? "B" : "A") + secret[1..])).MustFail();
        await certbot.RegisterAsync("--eab-kid", id, "--eab-hmac-key", secret);
        await certbot.ObtainAsync("ecdsa", name);
        await bench.JudgeAsync(certbot.FullChain(name), certbot.Key(name), name);

        var keys = (await bench.Appliance.Cli.RunAsync("acme", "eab", "list")).MustSucceed().Text;
        Assert.Contains("1/1", keys.Split('\n').Single(line => line.Contains(id, StringComparison.Ordinal)), StringComparison.Ordinal);
        using var other = await AcmeBench.NewAsync(shared);
        (await new Certbot(other).RunAsync("register", "--agree-tos", "-m", "ops@agents.test", "--eab-kid", id, "--eab-hmac-key", secret)).MustFail();
    }
}
