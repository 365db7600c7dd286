using System.Globalization;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Integration.Acme;

/// <summary>Go's: all three challenges, a wildcard, a given request, renewal, and renewal information where the build asks for it.</summary>
[Collection(AcmeClientCollection.Name)]
public sealed class LegoTests(SharedAppliance shared)
{
    [Fact]
    public async Task Lego_TlsAlpn_Obtains()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var lego = new Lego(bench);
        var name = Csr.NewName("lego");
        (await lego.RunAsync([.. lego.TlsAlpn, "--key-type", "ec256"], [name], "run")).MustSucceed();
        await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("ec384", false)]
    [InlineData("rsa2048", false)]
    [InlineData("ec384", true)]
    public async Task Lego_Http_ObtainsRenewsAndRevokes(string keyType, bool newer)
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var lego = new Lego(bench, newer ? await NewerClients.FindAsync("lego") : "lego");
        var name = Csr.NewName("lego");
        string[] options = [.. lego.Http, "--key-type", keyType];
        (await lego.RunAsync(options, [name], "run")).MustSucceed();
        var first = await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name);

        (await lego.RunAsync(options, [name], "renew", "--days", "3000", "--no-random-sleep")).MustSucceed();
        var second = await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name);
        Assert.NotEqual(first, second);

        (await lego.RunAsync([], [name], "revoke", "--reason", "4")).MustSucceed();
        bench.AssertRevoked(second, reason: 4);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Lego_ThatKnowsRenewalInfo_KeepsAFreshCertificate_AndReplacesARevokedOne()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var lego = new Lego(bench, await NewerClients.FindAsync("lego"));
        var name = Csr.NewName("lego");
        (await lego.RunAsync(lego.Http, [name], "run")).MustSucceed();
        var first = await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name);
        string[] renew = ["renew", "--dynamic", "--no-random-sleep"];
        (await lego.RunAsync(lego.Http, [name], renew)).MustSucceed();
        Assert.Equal(first, await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name));

        await bench.Appliance.Cli.RevokeAsync(first, "superseded");
        (await lego.RunAsync(lego.Http, [name], renew)).MustSucceed();

        Assert.NotEqual(first, await bench.JudgeAsync(lego.Chain(name), lego.Key(name), name));
        Assert.Contains(new HomeStore(bench.Appliance.Home).AcmeReplacements(), replaced => replaced.EndsWith("." + SerialInBase64(first), StringComparison.Ordinal));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Lego_Dns_ObtainsAWildcardAndItsBase()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var lego = new Lego(bench);
        var name = Csr.NewName("lego");
        var records = bench.Folder.File("records");
        var owner = $"_acme-challenge.{name}";
        bench.Targets.Dns.Script(owner, question => LoopbackDns.Reply(question, 0, question.Type == LoopbackDns.Txt && File.Exists(records)
            ? File.ReadAllLines(records).Select(value => (owner, LoopbackDns.Txt, (byte[])[(byte)value.Length, .. System.Text.Encoding.ASCII.GetBytes(value)]))
            : []));
        var hook = bench.Folder.File("hook.sh");
        await File.WriteAllTextAsync(hook, $"""
            #!/bin/sh
            # present|cleanup NAME VALUE
            if [ "$1" = present ]; then echo "$3" >>'{records}'; else rm -f '{records}'; fi
            """);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var variables = new Dictionary<string, string> { ["EXEC_PATH"] = hook, ["EXEC_PROPAGATION_TIMEOUT"] = "5", ["EXEC_POLLING_INTERVAL"] = "1", ["EXEC_SEQUENCE_INTERVAL"] = "1" };

        (await lego.RunAsync(
            ["--dns", "exec", "--dns.disable-cp", "--dns.resolvers", bench.Targets.Dns.EndPoint.ToString()], ["*." + name, name], variables, "run")).MustSucceed();

        await bench.JudgeAsync(lego.Chain("*." + name), lego.Key("*." + name), name, "*." + name);
        Assert.Contains(bench.Targets.Dns.Questions, question => question.Name.Equals(owner, StringComparison.OrdinalIgnoreCase) && question.Type == LoopbackDns.Txt);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Lego_RequestAndExternalKeyOfItsOwn_Obtains()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var lego = new Lego(bench);
        var (id, secret) = await bench.NewExternalKeyAsync();
        var request = await Foreign.OpenSsl.NewRequestAsync(bench.Folder, "P-256", Csr.NewName("lego"));
        (await lego.RunAsync([.. lego.Http, "--csr", request.Der, "--eab", "--kid", id, "--hmac", secret], [], "run")).MustSucceed();
        await bench.JudgeAsync(lego.Chain(request.Name), request.Key, request.Name);
    }

    // RFC 9773 §4.1: the DER octets of the serial number.
    private static string SerialInBase64(string serial)
    {
        var octets = Convert.FromHexString(serial);
        return System.Buffers.Text.Base64Url.EncodeToString(octets[0] >= 0x80 ? [0, .. octets] : octets);
    }
}
