using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>Full CMC (RFC 7030 §4.3, RFC 5272): a PKIData with one PKCS#10 request, signed by openssl with the client's certificate.</summary>
public sealed class FullCmcTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("P-256")]
    [InlineData("RSA-3072")]
    public async Task FullCmc_SignedByACertificate_IsAnsweredWithACertificate(string signer)
    {
        var appliance = await shared.GetAsync();
        var (identity, curl) = await IdentityAsync(appliance, signer);
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", identity.Name);

        var answer = (await curl.PostAsync("fullcmc", await FullCmc.SignAsync(folder, identity, File.ReadAllBytes(request.Der)), FullCmc.MediaType)).MustBe(200);

        Assert.Contains("smime-type=CMC-response", answer.MediaType, StringComparison.Ordinal);
        var certificates = await ResponseAsync(answer.Body);
        Assert.Contains(certificates, certificate => certificate.Subject == $"CN={identity.Name}");
        await File.WriteAllTextAsync(request.Certificate, certificates.Single(certificate => certificate.Subject == $"CN={identity.Name}").ExportCertificatePem());
        await OpenSsl.JudgeAsync(folder, appliance, request.Certificate, request.Key, identity.Name);
    }

    [Fact]
    public async Task FullCmc_ChangedAfterSigning_IsRefused()
    {
        var appliance = await shared.GetAsync();
        var (identity, curl) = await IdentityAsync(appliance, "P-256");
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", identity.Name);
        var file = await FullCmc.SignAsync(folder, identity, File.ReadAllBytes(request.Der));
        var cms = Convert.FromBase64String((await File.ReadAllTextAsync(file)).ReplaceLineEndings(""));
        cms[^5] ^= 1; // within the signature
        await File.WriteAllBytesAsync(file, Requests.Base64(cms));

        var answer = await curl.PostAsync("fullcmc", file, FullCmc.MediaType);

        Assert.InRange(answer.Status, 400, 403);
    }

    [Fact]
    public async Task FullCmc_SignedByAStranger_IsRefused()
    {
        var appliance = await shared.GetAsync();
        var (identity, _) = await IdentityAsync(appliance, "P-256");
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", identity.Name);
        (await OpenSsl.RunAsync(folder, "x509", "-req", "-inform", "DER", "-in", request.Der, "-signkey", request.Key, "-days", "1", "-out", request.Certificate)).MustSucceed();

        var answer = await Curl.To(appliance, folder).PostAsync("fullcmc", await FullCmc.SignAsync(folder, request, File.ReadAllBytes(request.Der)), FullCmc.MediaType);

        Assert.InRange(answer.Status, 400, 403);
    }

    public void Dispose() => folder.Dispose();

    private async Task<(OpenSslRequest Identity, Curl Curl)> IdentityAsync(Appliance appliance, string algorithm)
    {
        var curl = Curl.To(appliance, folder);
        var identity = await OpenSsl.NewRequestAsync(folder, algorithm, Csr.NewName("cmc"));
        await curl.WithCredential(appliance.Credential).EnrollAsync("simpleenroll", identity);
        return (identity, curl.WithIdentity(identity.Certificate, identity.Key));
    }

    private async Task<System.Security.Cryptography.X509Certificates.X509Certificate2Collection> ResponseAsync(byte[] body)
    {
        var der = folder.File("response.der");
        await File.WriteAllBytesAsync(der, Convert.FromBase64String(System.Text.Encoding.ASCII.GetString(body).ReplaceLineEndings("")));
        var printed = (await OpenSsl.RunAsync(folder, "cms", "-cmsout", "-print", "-inform", "DER", "-in", der)).MustSucceed().Text;
        Assert.Contains("1.3.6.1.5.5.7.12.3", printed.Replace("id-cct-PKIResponse", "1.3.6.1.5.5.7.12.3", StringComparison.Ordinal), StringComparison.Ordinal);
        return CertsOnlyMessage.FromDer(await File.ReadAllBytesAsync(der));
    }
}
