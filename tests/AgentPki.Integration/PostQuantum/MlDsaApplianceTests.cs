using AgentPki.Integration.Harness;

namespace AgentPki.Integration.PostQuantum;

/// <summary>A home of <c>up --profile ml-dsa-65</c>, judged by an OpenSSL that knows ML-DSA: its chain, CRLs, OCSP, CSRs, and TLS.</summary>
public sealed class MlDsaApplianceTests : IClassFixture<QuantumAppliance>, IDisposable
{
    private const string Algorithm = "ML-DSA-65";
    private readonly TempFolder folder = new();
    private readonly Appliance appliance;
    private readonly QuantumJudge judge;

    public MlDsaApplianceTests(QuantumAppliance quantum)
    {
        appliance = quantum.Value;
        judge = new QuantumJudge(appliance, folder);
    }

    [Fact]
    public void Up_TellsWhereTheKeysLiveAndWhoVerified()
    {
        Assert.Contains("AgentPki Development Root (ml-dsa-87) certified AgentPki Development Issuing CA (ml-dsa-65)", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("generated in the token nss", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("openssl verify:", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("X25519MLKEM768", appliance.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enroll_RequestMadeByOpenSsl_GivesAChainThatItVerifiesWithCrls()
    {
        var agent = await judge.EnrollAsync(Algorithm);

        (await judge.VerifyWithListsAsync(agent.Certificate)).MustSucceed();
    }

    [Fact]
    public async Task Revoke_IsSeenInOcspAndCrl()
    {
        var agent = await judge.EnrollAsync(Algorithm);
        Assert.Contains(": good", await judge.StatusAsync(agent.Certificate), StringComparison.Ordinal);

        var serial = (await judge.RunAsync("x509", "-in", agent.Certificate, "-noout", "-serial")).MustSucceed().Text.Trim().Split('=')[1];
        await appliance.Cli.RevokeAsync(serial);

        Assert.Contains(": revoked", await judge.StatusAsync(agent.Certificate), StringComparison.Ordinal);
        Assert.Contains("revoked", (await judge.VerifyWithListsAsync(agent.Certificate)).MustFail().Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_ClientThatKnowsMlDsa_GetsAnMlDsaCertificateAndAHybridGroup()
    {
        var said = await judge.HandshakeAsync();

        Assert.Contains("Verify return code: 0 (ok)", said, StringComparison.Ordinal);
        Assert.Contains("X25519MLKEM768", said, StringComparison.Ordinal);
        Assert.Contains("mldsa65", said, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Tls_ClientWithoutMlDsa_GetsAnEcdsaCertificate()
    {
        var said = (await judge.RunAsync("s_client", "-connect", $"127.0.0.1:{appliance.HttpsPort}", "-sigalgs", "ecdsa_secp256r1_sha256", "-groups", "X25519")).Text;

        Assert.Contains("ecdsa_secp256r1_sha256", said, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Renew_WithAnMlDsaClientCertificate_IsIssued()
    {
        var agent = await judge.EnrollAsync(Algorithm);

        (await judge.VerifyWithListsAsync(await judge.RenewAsync(agent, Algorithm))).MustSucceed();
    }

    [Fact]
    public async Task FullCmc_IsAnsweredInAMessageThatTheTokenSigned()
    {
        var answer = await judge.RenewByCmcAsync(await judge.EnrollAsync(Algorithm), Algorithm);

        // The signer's certificate is for CMC (RFC 6402), not for mail, which is what openssl would ask for.
        (await judge.RunAsync("cms", "-verify", "-inform", "DER", "-in", answer, "-CAfile", appliance.AnchorsFile, "-purpose", "any", "-x509_strict", "-out", folder.File("response.der"), "-signer", folder.File("signer.pem"))).MustSucceed();
        var signer = (await judge.RunAsync("x509", "-in", folder.File("signer.pem"), "-noout", "-text")).MustSucceed().Text;
        Assert.Contains("Public Key Algorithm: ML-DSA-65", signer, StringComparison.Ordinal);
        Assert.Contains("CMS signer of issuing", signer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Algorithms_ShowTheTokenThatHasMlDsa()
    {
        var table = (await appliance.Cli.RunAsync("algorithms", Algorithm.ToLowerInvariant())).MustSucceed().Text;

        Assert.Matches(@"ml-dsa-65 +3 +pkcs11:nss +NSS Certificate DB +token +generate sign +ca ocsp crl cms", table);
    }

    public void Dispose() => folder.Dispose();
}
