using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>Revocation as relying parties see it: OCSP by POST (openssl, GnuTLS) and GET (curl), CRLs by openssl, and the appliance's own mTLS.</summary>
public sealed class RevocationTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Revoke_IsSeenByEveryChannelAtOnce()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "revoke");
        var (certificate, _) = agent.Write(folder);
        await SaveIssuerAsync(appliance);
        Assert.Contains("good", await OcspByPostAsync(certificate), StringComparison.Ordinal);
        Assert.Contains("good", await OcspByGetAsync(certificate), StringComparison.Ordinal);
        (await VerifyWithListsAsync(appliance, certificate)).MustSucceed();

        await appliance.Cli.RevokeAsync(agent.Serial);

        var posted = await OcspByPostAsync(certificate);
        Assert.Contains("revoked", posted, StringComparison.Ordinal);
        Assert.Contains("keyCompromise", posted, StringComparison.Ordinal);
        Assert.Contains("revoked", await OcspByGetAsync(certificate), StringComparison.Ordinal);
        var verified = (await VerifyWithListsAsync(appliance, certificate)).MustFail();
        Assert.Contains("certificate revoked", verified.Error + verified.Text, StringComparison.Ordinal);
        var renewal = await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate);
        Assert.True(renewal is null or { Status: 401 or 403 }, $"a revoked agent's renewal was answered with {renewal?.Status}");
    }

    [Fact]
    public async Task Revoke_OnAnOpenConnection_EndsTheAgentsRights()
    {
        var appliance = await shared.GetAsync();
        var agent = await EnrolledAgent.CreateAsync(appliance, "kept");
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var stream = await appliance.Https().ConnectAsync(agent.Certificate, cancellationToken: timeout.Token);
        Assert.Equal(200, (await RawClient.ExchangeAsync(stream, Renewal(agent), timeout.Token))?.Status);

        await appliance.Cli.RevokeAsync(agent.Serial);

        Assert.Equal(403, (await RawClient.ExchangeAsync(stream, Renewal(agent), timeout.Token))?.Status);
    }

    [Fact]
    public async Task Ocsp_OfWhatWasNeverIssued_IsNotGood()
    {
        var appliance = await shared.GetAsync();
        await SaveIssuerAsync(appliance);
        var answer = (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", folder.File("issuer.pem"), "-serial", "0x123456789ABCDEF0123456789ABCDEF0", "-url", await OcspUrlAsync(appliance), "-CAfile", appliance.AnchorsFile, "-verify_other", appliance.ChainFile)).MustSucceed().Text;
        Assert.DoesNotContain(": good", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ocsp_AskedByGnuTls_IsVerified()
    {
        var appliance = await shared.GetAsync();
        var (certificate, _) = (await EnrolledAgent.CreateAsync(appliance, "gnutls")).Write(folder);
        await SaveIssuerAsync(appliance);
        var result = (await Tool.RunAsync("ocsptool", ["--ask=" + await OcspUrlAsync(appliance), "--load-cert", certificate, "--load-issuer", folder.File("issuer.pem"), "--load-trust", appliance.ChainFile], folder: folder.Path)).MustSucceed();
        Assert.Contains("good", result.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task CertificateLists_OfEveryAuthority_AreVerifiedByOpenSsl()
    {
        var appliance = await shared.GetAsync();
        foreach (var authority in await AuthoritiesAsync(appliance))
        {
            var text = (await OpenSsl.RunAsync(folder, "crl", "-in", await FetchListAsync(appliance, authority), "-noout", "-text", "-CAfile", appliance.ChainFile)).MustSucceed();
            Assert.Contains("verify OK", text.Error + text.Text, StringComparison.Ordinal);
            Assert.Contains("X509v3 CRL Number", text.Text, StringComparison.Ordinal);
            Assert.Contains("X509v3 Authority Key Identifier", text.Text, StringComparison.Ordinal);
        }
    }

    public void Dispose() => folder.Dispose();

    private static byte[] Renewal(EnrolledAgent agent) =>
        System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)))
            .Replace("Connection: close", "Connection: keep-alive", StringComparison.Ordinal));

    private async Task<string> OcspByPostAsync(string certificate)
    {
        var appliance = await shared.GetAsync();
        return (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", folder.File("issuer.pem"), "-cert", certificate, "-url", await OcspUrlAsync(appliance), "-CAfile", appliance.AnchorsFile, "-verify_other", appliance.ChainFile, "-resp_text")).MustSucceed() is var result
            && result.Error.Contains("Response verify OK", StringComparison.Ordinal) ? result.Text : throw new InvalidOperationException($"not verified: {result.Error}");
    }

    // RFC 6960 §A.1: the request in base64 at the end of the path.
    private async Task<string> OcspByGetAsync(string certificate)
    {
        var appliance = await shared.GetAsync();
        var (request, response) = (folder.File("ocsp.req"), folder.File("ocsp.resp"));
        (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", folder.File("issuer.pem"), "-cert", certificate, "-no_nonce", "-reqout", request)).MustSucceed();
        var encoded = Uri.EscapeDataString(Convert.ToBase64String(await File.ReadAllBytesAsync(request)));
        (await Tool.RunAsync("curl", ["-sS", "--fail", "--noproxy", "*", "-o", response, $"{await OcspUrlAsync(appliance)}/{encoded}"])).MustSucceed();
        var judged = (await OpenSsl.RunAsync(folder, "ocsp", "-issuer", folder.File("issuer.pem"), "-cert", certificate, "-respin", response, "-CAfile", appliance.AnchorsFile, "-verify_other", appliance.ChainFile)).MustSucceed();
        Assert.Contains("Response verify OK", judged.Error, StringComparison.Ordinal);
        return judged.Text;
    }

    private async Task<ToolResult> VerifyWithListsAsync(Appliance appliance, string certificate)
    {
        List<string> lists = [];
        foreach (var authority in await AuthoritiesAsync(appliance, certificate))
        {
            lists.AddRange(["-CRLfile", await FetchListAsync(appliance, authority)]);
        }

        return await OpenSsl.VerifyAsync(folder, appliance, certificate, ["-crl_check_all", .. lists]);
    }

    /// <summary>Where the agent's and the issuing CA's certificates say that their issuers' CRLs are (RFC 5280 §4.2.1.13).</summary>
    private async Task<IReadOnlyList<string>> AuthoritiesAsync(Appliance appliance, string? leaf = null)
    {
        leaf ??= (await EnrolledAgent.CreateAsync(appliance, "lists")).Write(folder).Certificate;
        await SaveIssuerAsync(appliance);
        List<string> urls = [];
        foreach (var certificate in new[] { leaf, folder.File("issuer.pem") })
        {
            var text = await OpenSsl.FieldAsync(folder, certificate, "-ext", "crlDistributionPoints");
            urls.Add(text.Split('\n').Single(line => line.Contains("URI:", StringComparison.Ordinal)).Split("URI:")[1].Trim());
        }

        return urls;
    }

    private async Task<string> FetchListAsync(Appliance appliance, string url)
    {
        Assert.StartsWith($"http://localhost:{appliance.HttpPort}/", url, StringComparison.Ordinal);
        var (der, pem) = (folder.File("list.der"), folder.File($"list-{Math.Abs(url.GetHashCode(StringComparison.Ordinal))}.pem"));
        (await Tool.RunAsync("curl", ["-sS", "--fail", "--noproxy", "*", "-o", der, url])).MustSucceed();
        (await OpenSsl.RunAsync(folder, "crl", "-inform", "DER", "-in", der, "-out", pem)).MustSucceed();
        return pem;
    }

    private async Task SaveIssuerAsync(Appliance appliance)
    {
        var chain = await File.ReadAllTextAsync(appliance.ChainFile);
        await File.WriteAllTextAsync(folder.File("issuer.pem"), chain[..(chain.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal) + 25)] + "\n");
    }

    private async Task<string> OcspUrlAsync(Appliance appliance)
    {
        var (certificate, _) = (await EnrolledAgent.CreateAsync(appliance, "aia")).Write(folder);
        return (await OpenSsl.FieldAsync(folder, certificate, "-ocsp_uri")).Trim();
    }
}
