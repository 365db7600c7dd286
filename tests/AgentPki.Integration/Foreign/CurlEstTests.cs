using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>EST (RFC 7030, RFC 8951) by curl and openssl.</summary>
public sealed class CurlEstTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task CaCerts_WithoutAnyCredential_AreTheWholeChain()
    {
        var appliance = await shared.GetAsync();
        var answer = (await Curl.To(appliance, folder).GetAsync("cacerts")).MustBe(200);
        Assert.StartsWith("application/pkcs7-mime", answer.MediaType, StringComparison.Ordinal);
        var (pem, count) = await OpenSsl.UnpackAsync(folder, answer.Body, folder.File("cacerts.pem"));
        Assert.Equal(2, count);
        var root = await OpenSsl.FieldAsync(folder, appliance.AnchorsFile, "-fingerprint", "-sha256");
        (await OpenSsl.RunAsync(folder, "verify", "-x509_strict", "-CAfile", appliance.AnchorsFile, "-untrusted", pem, appliance.ChainFile)).MustSucceed();
        Assert.Contains(await FingerprintsAsync(pem), fingerprint => fingerprint == root);
    }

    [Fact]
    public async Task CsrAttributes_AreDerThatOpenSslReads()
    {
        var appliance = await shared.GetAsync();
        var answer = (await Curl.To(appliance, folder).GetAsync("csrattrs")).MustBe(200);
        Assert.StartsWith("application/csrattrs", answer.MediaType, StringComparison.Ordinal);
        var text = System.Text.Encoding.ASCII.GetString(answer.Body);
        await File.WriteAllBytesAsync(folder.File("attrs.der"), Convert.FromBase64String(text.ReplaceLineEndings("")));
        var parsed = (await OpenSsl.RunAsync(folder, "asn1parse", "-inform", "DER", "-in", folder.File("attrs.der"))).MustSucceed().Text;
        Assert.Contains("SEQUENCE", parsed, StringComparison.Ordinal);
        Assert.DoesNotContain("challengePassword", parsed, StringComparison.Ordinal); // RFC 7030 §3.5 cannot be kept over TLS 1.3
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA-3072")]
    [InlineData("RSA-4096")]
    [InlineData("Ed25519")]
    public async Task SimpleEnroll_WithBasic_GivesAVerifiedCertificate(string algorithm)
    {
        var appliance = await shared.GetAsync();
        var request = await OpenSsl.NewRequestAsync(folder, algorithm, Csr.NewName("curl"));
        await Curl.To(appliance, folder).WithCredential(appliance.Credential).EnrollAsync("simpleenroll", request);
        await OpenSsl.JudgeAsync(folder, appliance, request.Certificate, request.Key, request.Name);
        Assert.Contains("URI:spiffe://", await OpenSsl.FieldAsync(folder, request.Certificate, "-ext", "subjectAltName"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SimpleEnroll_WithoutCredential_AsksForBasic()
    {
        var appliance = await shared.GetAsync();
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("nobody"));
        var answer = (await Curl.To(appliance, folder).PostAsync("simpleenroll", request.Base64)).MustBe(401);
        Assert.StartsWith("Basic", answer.Header("WWW-Authenticate"), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("P-256", "P-256")]
    [InlineData("P-384", "Ed25519")]
    [InlineData("RSA-3072", "P-256")]
    [InlineData("Ed25519", "RSA-4096")]
    public async Task SimpleReenroll_ByTheCertificate_RenewsAndTheRenewedRenewsAgain(string first, string second)
    {
        var appliance = await shared.GetAsync();
        var (curl, name) = (Curl.To(appliance, folder), Csr.NewName("renew"));
        var request = await OpenSsl.NewRequestAsync(folder, first, name);
        await curl.WithCredential(appliance.Credential).EnrollAsync("simpleenroll", request);
        List<string> serials = [await OpenSsl.FieldAsync(folder, request.Certificate, "-serial")];
        for (var round = 0; round < 2; round++)
        {
            var next = await OpenSsl.NewRequestAsync(folder, second, name);
            await curl.WithIdentity(request.Certificate, request.Key).EnrollAsync("simplereenroll", next);
            await OpenSsl.JudgeAsync(folder, appliance, next.Certificate, next.Key, name);
            serials.Add(await OpenSsl.FieldAsync(folder, next.Certificate, "-serial"));
            request = next;
        }

        Assert.Equal(3, serials.Distinct().Count());
    }

    [Fact]
    public async Task SimpleReenroll_OfTheSameKey_IsAllowed()
    {
        var appliance = await shared.GetAsync();
        var curl = Curl.To(appliance, folder);
        var request = await OpenSsl.NewRequestAsync(folder, "P-256", Csr.NewName("samekey"));
        await curl.WithCredential(appliance.Credential).EnrollAsync("simpleenroll", request);
        var old = request.Certificate + ".old";
        File.Copy(request.Certificate, old);
        await curl.WithIdentity(old, request.Key).EnrollAsync("simplereenroll", request);
        await OpenSsl.JudgeAsync(folder, appliance, request.Certificate, request.Key, request.Name);
        Assert.NotEqual(await OpenSsl.FieldAsync(folder, old, "-serial"), await OpenSsl.FieldAsync(folder, request.Certificate, "-serial"));
    }

    public void Dispose() => folder.Dispose();

    private async Task<List<string>> FingerprintsAsync(string pem)
    {
        List<string> fingerprints = [];
        foreach (var (part, index) in File.ReadAllText(pem).Split("-----END CERTIFICATE-----").SkipLast(1).Select((part, index) => (part, index)))
        {
            var file = folder.File($"part{index}.pem");
            await File.WriteAllTextAsync(file, part + "-----END CERTIFICATE-----\n");
            fingerprints.Add(await OpenSsl.FieldAsync(folder, file, "-fingerprint", "-sha256"));
        }

        return fingerprints;
    }
}
