using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Status;

/// <summary>Stock relying parties, each of which must see an agent good, held, released and revoked, at a CA with sharded and delta CRLs.</summary>
[Trait("tier", "full")]
public sealed class RelyingPartyTests(StatusAppliance fixture) : IClassFixture<StatusAppliance>, IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public Task OpenSslOcsp_ByPostWithNonce() => WalkAsync("ossl", async (party, certificate) =>
    {
        var result = (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", party.Issuing, "-cert", certificate, "-url", party.OcspUrl, "-CAfile", party.Root, "-verify_other", party.Appliance.ChainFile, "-resp_text")).MustSucceed();
        Assert.Contains("Response verify OK", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("nonce", result.Error, StringComparison.OrdinalIgnoreCase); // openssl warns when the answer has none
        return Status(result.Text);
    });

    [Fact]
    public Task OpenSslOcsp_BySha256() => WalkAsync("ossl", async (party, certificate) =>
        Status((await OpenSsl.RunAsync(folder, "ocsp", "-sha256", "-issuer", party.Issuing, "-cert", certificate, "-url", party.OcspUrl, "-CAfile", party.Root, "-verify_other", party.Appliance.ChainFile)).MustSucceed().Text));

    [Fact]
    public Task CurlOcsp_ByGet() => WalkAsync("curl", async (party, certificate) =>
    {
        var (request, response) = (folder.File("ocsp.req"), folder.File("ocsp.resp"));
        (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", party.Issuing, "-cert", certificate, "-no_nonce", "-reqout", request)).MustSucceed();
        var url = $"{party.OcspUrl}/{Uri.EscapeDataString(Convert.ToBase64String(await File.ReadAllBytesAsync(request)))}";
        var head = (await Tool.RunAsync("curl", ["-sS", "--fail", "--noproxy", "*", "-D", "-", "-o", response, url])).MustSucceed().Text;
        Assert.Contains("max-age=", head, StringComparison.Ordinal);
        // RFC 5019 §6.2: whoever has the answer already is told so.
        var tag = head.Split('\n').Single(line => line.StartsWith("ETag:", StringComparison.OrdinalIgnoreCase)).Split(':', 2)[1].Trim();
        Assert.Equal("304", (await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "-H", $"If-None-Match: {tag}", "-o", folder.File("nothing"), "-w", "%{http_code}", url])).MustSucceed().Text);
        return Status((await OpenSsl.RunAsync(folder, "ocsp", "-issuer", party.Issuing, "-cert", certificate, "-respin", response, "-CAfile", party.Root, "-verify_other", party.Appliance.ChainFile)).MustSucceed().Text);
    });

    [Fact]
    public Task GnuTlsOcspTool() => WalkAsync("gnutls", async (party, certificate) =>
    {
        var result = await Tool.RunAsync("ocsptool", ["--ask=" + party.OcspUrl, "--load-cert", certificate, "--load-issuer", party.Issuing, "--load-trust", party.Appliance.ChainFile], folder: folder.Path);
        Assert.Contains("Success", result.Text, StringComparison.Ordinal);
        return result.Text.Contains("Certificate Status: good", StringComparison.Ordinal) ? "good" : result.Text.Contains("Certificate Status: revoked", StringComparison.Ordinal) ? "revoked" : result.Text;
    });

    [Theory]
    [InlineData("ocsp")]
    [InlineData("crl")]
    public Task JavaPkix_HardFail(string how) => WalkAsync("java", async (party, certificate) =>
    {
        var answer = (await Tool.RunAsync("java", ["-Dcom.sun.security.enableCRLDP=true", "-Djava.net.useSystemProxies=false", "-cp", await JavaPkix.ClassesAsync(), "PkixRevocation", how, party.Root, party.Issuing, certificate], folder: folder.Path))
            .MustSucceed().Text.Trim();
        return answer.Split(' ')[0];
    });

    [Fact]
    public Task OpenSslVerify_ByTheShardItPointsTo() => WalkAsync("shard", async (party, certificate) =>
    {
        var lists = new[] { "-CRLfile", await party.FetchAsync(certificate, "crlDistributionPoints"), "-CRLfile", await party.FetchAsync(party.Issuing, "crlDistributionPoints") };
        return Verdict(await OpenSsl.VerifyAsync(folder, party.Appliance, certificate, ["-crl_check_all", .. lists]));
    });

    [Fact]
    public async Task OpenSslVerify_ByAnotherShard_IsUndecided()
    {
        var party = await RelyingParty.OfAsync(await fixture.GetAsync(), folder);
        var (certificate, _) = (await EnrolledAgent.CreateAsync(party.Appliance, "other")).Write(folder);
        var own = (await OpenSsl.FieldAsync(folder, certificate, "-ext", "crlDistributionPoints")).Contains("/issuing/1.crl", StringComparison.Ordinal) ? 1 : 2;
        var other = await party.FetchUrlAsync($"http://localhost:{party.Appliance.HttpPort}/crl/issuing/{3 - own}.crl");
        var result = (await OpenSsl.VerifyAsync(folder, party.Appliance, certificate, "-crl_check", "-extended_crl", "-CRLfile", other)).MustFail();
        // The critical issuing distribution point is another than the certificate's: no CRL of its scope.
        Assert.Contains("scope", result.Error + result.Text, StringComparison.OrdinalIgnoreCase);
    }

    // The base stays the one that was fetched while everything was good: all news come by the delta.
    [Fact]
    public async Task OpenSslVerify_ByAnOldBaseAndTheDelta()
    {
        string? complete = null;
        await WalkAsync("delta", async (party, certificate) =>
        {
            complete ??= await party.FetchAsync(certificate, "crlDistributionPoints");
            var delta = await party.FetchAsync(certificate, "freshestCRL");
            Assert.Contains("Delta CRL Indicator", (await OpenSsl.RunAsync(folder, "crl", "-in", delta, "-noout", "-text")).MustSucceed().Text, StringComparison.Ordinal);
            var root = await party.FetchAsync(party.Issuing, "crlDistributionPoints");
            return Verdict(await OpenSsl.VerifyAsync(folder, party.Appliance, certificate, "-crl_check_all", "-extended_crl", "-use_deltas", "-CRLfile", complete, "-CRLfile", delta, "-CRLfile", root));
        });
    }

    // A base that lists the hold, and a delta that takes it off again (removeFromCRL).
    [Fact]
    public async Task OpenSslVerify_HeldInTheBaseReleasedInTheDelta_IsGood()
    {
        var party = await RelyingParty.OfAsync(await fixture.GetAsync(), folder);
        var agent = await EnrolledAgent.CreateAsync(party.Appliance, "taken-off");
        var (certificate, _) = agent.Write(folder);
        await party.FetchAsync(certificate, "crlDistributionPoints");
        await party.Appliance.Cli.RevokeAsync(agent.Serial, "certificateHold");
        var complete = await party.FetchAsync(certificate, "crlDistributionPoints");
        var root = await party.FetchAsync(party.Issuing, "crlDistributionPoints");
        Assert.Equal("revoked", Verdict(await OpenSsl.VerifyAsync(folder, party.Appliance, certificate, "-crl_check_all", "-CRLfile", complete, "-CRLfile", root)));
        (await party.Appliance.Cli.RunAsync("release", agent.Serial)).MustSucceed();
        var delta = await party.FetchAsync(certificate, "freshestCRL");
        Assert.Equal("good", Verdict(await OpenSsl.VerifyAsync(folder, party.Appliance, certificate, "-crl_check_all", "-extended_crl", "-use_deltas", "-CRLfile", complete, "-CRLfile", delta, "-CRLfile", root)));
    }

    [Fact]
    public async Task Nginx_WithSslCrl()
    {
        var party = await RelyingParty.OfAsync(await fixture.GetAsync(), folder);
        await using var nginx = await Nginx.StartAsync(party);
        await WalkAsync("nginx", async (_, certificate) =>
        {
            await nginx.ReloadAsync();
            return await nginx.AskAsync(certificate, Path.ChangeExtension(certificate, ".key"));
        });
    }

    [Fact]
    public async Task Curl_ConditionalGetOfALargeList_Is304()
    {
        var party = await RelyingParty.OfAsync(await fixture.GetAsync(), folder);
        var (url, tag) = ($"http://localhost:{party.Appliance.HttpPort}/delta-crl/issuing/1.crl", folder.File("etag"));
        Task<ToolResult> Get(params string[] how) => Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "-o", folder.File("list.der"), "-w", "%{http_code} %{content_type}", .. how, url]);
        Assert.Equal("200 application/pkix-crl", (await Get("--etag-save", tag)).MustSucceed().Text);
        Assert.StartsWith("304", (await Get("--etag-compare", tag)).MustSucceed().Text, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Good, held, released, revoked: asks a relying party after each.</summary>
    private async Task WalkAsync(string name, Func<RelyingParty, string, Task<string>> ask)
    {
        var party = await RelyingParty.OfAsync(await fixture.GetAsync(), folder);
        var agent = await EnrolledAgent.CreateAsync(party.Appliance, name);
        var (certificate, _) = agent.Write(folder);
        Assert.Equal("good", await ask(party, certificate));
        await party.Appliance.Cli.RevokeAsync(agent.Serial, "certificateHold");
        Assert.Equal("revoked", await ask(party, certificate));
        (await party.Appliance.Cli.RunAsync("release", agent.Serial)).MustSucceed();
        Assert.Equal("good", await ask(party, certificate));
        await party.Appliance.Cli.RevokeAsync(agent.Serial);
        Assert.Equal("revoked", await ask(party, certificate));
    }

    private static string Status(string text) => text.Contains(": good", StringComparison.Ordinal) ? "good" : text.Contains(": revoked", StringComparison.Ordinal) ? "revoked" : text;

    // openssl verify: an undecided status (no CRL of the scope, one out of date) is neither of the two.
    private static string Verdict(ToolResult result) =>
        result.ExitCode == 0 ? "good" : (result.Error + result.Text).Contains("certificate revoked", StringComparison.Ordinal) ? "revoked" : result.Error + result.Text;
}
