using System.Text;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.PostQuantum;

/// <summary>An openssl of 3.5 or later as an agent's tool and as a judge of post-quantum certificates, CRLs, OCSP answers and TLS.</summary>
internal sealed class QuantumJudge(Appliance appliance, TempFolder folder)
{
    /// <summary>A key and a DER request, made by openssl; the answer's certificate as PEM.</summary>
    /// <param name="credential">Null: the development credential.</param>
    public async Task<(string Certificate, string Key, string Name)> EnrollAsync(string algorithm, string? credential = null)
    {
        var name = Csr.NewName("quantum");
        var (key, request) = await RequestAsync(algorithm, name);
        var certificate = folder.File(name + ".pem");
        var answer = await ExchangeAsync(Requests.Enroll("simpleenroll", request, Requests.Basic(credential ?? appliance.Credential)));
        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        await UnpackAsync(answer.Body, certificate);
        return (certificate, key, name);
    }

    /// <summary>Renews over mTLS with a new key of the same kind; the exchange runs through openssl s_client.</summary>
    public async Task<string> RenewAsync((string Certificate, string Key, string Name) agent, string algorithm)
    {
        var (_, request) = await RequestAsync(algorithm, agent.Name);
        var answer = await ExchangeAsync(Requests.Enroll("simplereenroll", request), "-cert", agent.Certificate, "-key", agent.Key);
        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        var renewed = folder.File(agent.Name + "-renewed.pem");
        await UnpackAsync(answer.Body, renewed);
        return renewed;
    }

    /// <summary>Renews by full CMC, signed with the agent's certificate; the file of the signed answer, in DER.</summary>
    public async Task<string> RenewByCmcAsync((string Certificate, string Key, string Name) agent, string algorithm)
    {
        var (_, request) = await RequestAsync(algorithm, agent.Name);
        var message = await File.ReadAllBytesAsync(await FullCmc.SignAsync(folder, agent.Certificate, agent.Key, request, "sha512", RunAsync));
        var answer = await ExchangeAsync(Requests.Post(Requests.EstRoot + "fullcmc", FullCmc.MediaType, Requests.Base64(message)));
        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        var file = folder.File("cmc-answer.der");
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(Encoding.ASCII.GetString(answer.Body).ReplaceLineEndings("")));
        return file;
    }

    /// <summary>root → issuing → leaf by the strict rules, with both CAs' CRLs.</summary>
    public Task<ToolResult> VerifyWithListsAsync(string certificate) => VerifyWithListsAsync(certificate, "root", "issuing");

    /// <summary>The same with the CRLs of these CAs.</summary>
    public async Task<ToolResult> VerifyWithListsAsync(string certificate, params string[] authorities)
    {
        var lists = new StringBuilder();
        foreach (var authority in authorities)
        {
            var answer = await appliance.Http().ExchangeAsync(Requests.Get($"/crl/{authority}.crl"));
            Assert.Equal(200, answer!.Status);
            lists.AppendLine(System.Security.Cryptography.PemEncoding.WriteString("X509 CRL", answer.Body));
        }

        await File.WriteAllTextAsync(folder.File("lists.pem"), lists.ToString());
        return await RunAsync("verify", "-x509_strict", "-check_ss_sig", "-crl_check_all", "-CRLfile", folder.File("lists.pem"), "-CAfile", appliance.AnchorsFile, "-untrusted", appliance.ChainFile, certificate);
    }

    /// <summary>What the responder says of a certificate, its signature verified.</summary>
    public async Task<string> StatusAsync(string certificate)
    {
        var issuer = folder.File("issuer.pem");
        await File.WriteAllTextAsync(issuer, File.ReadAllText(appliance.ChainFile).Split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n");
        var url = (await RunAsync("x509", "-in", certificate, "-noout", "-ocsp_uri")).MustSucceed().Text.Trim();
        var answer = (await RunAsync("ocsp", "-issuer", issuer, "-cert", certificate, "-url", url, "-CAfile", appliance.AnchorsFile, "-verify_other", appliance.ChainFile)).MustSucceed();
        Assert.Contains("Response verify OK", answer.Error + answer.Text, StringComparison.Ordinal);
        return answer.Text;
    }

    /// <summary>What openssl says of a handshake.</summary>
    public async Task<string> HandshakeAsync(params string[] more)
    {
        var result = await PostQuantumParts.RunOpenSslAsync(folder, [], [.. Client, .. more]);
        return result.Text + result.Error;
    }

    public Task<ToolResult> RunAsync(params string[] arguments) => PostQuantumParts.RunOpenSslAsync(folder, null, arguments);

    private string[] Client => ["s_client", "-connect", $"127.0.0.1:{appliance.HttpsPort}", "-CAfile", appliance.AnchorsFile, "-verify_return_error", "-verify_hostname", "localhost"];

    private async Task<(string Key, byte[] Request)> RequestAsync(string algorithm, string name)
    {
        var (key, der) = (folder.File($"{name}-{Guid.NewGuid():n}.key"), folder.File(name + ".csr"));
        (await RunAsync("req", "-new", "-newkey", algorithm, "-noenc", "-keyout", key, "-outform", "DER", "-out", der, "-subj", $"/CN={name}", "-addext", $"subjectAltName=DNS:{name}")).MustSucceed();
        return (key, await File.ReadAllBytesAsync(der));
    }

    private async Task<HttpAnswer> ExchangeAsync(byte[] request, params string[] more)
    {
        // The answer is what is judged: how s_client ends depends on how the connection is closed.
        var result = await PostQuantumParts.RunOpenSslAsync(folder, request, [.. Client, "-quiet", "-ign_eof", .. more]);
        using var output = new MemoryStream(result.Output);
        var reader = new HttpReader(output);
        var head = await reader.ReadHeadAsync(CancellationToken.None) ?? throw new IOException(result.Error);
        var (wire, body) = await reader.ReadBodyAsync(head, untilClose: true, CancellationToken.None);
        return new HttpAnswer(head, wire, body);
    }

    private async Task UnpackAsync(byte[] body, string pem)
    {
        await File.WriteAllBytesAsync(pem + ".p7", Convert.FromBase64String(Encoding.ASCII.GetString(body)));
        (await RunAsync("pkcs7", "-inform", "DER", "-in", pem + ".p7", "-print_certs", "-out", pem)).MustSucceed();
    }
}
