using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>EST by BouncyCastle's Java client (<c>org.bouncycastle.est</c>): JSSE's TLS, its own HTTP and MIME parsers.</summary>
public sealed class JavaEstTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task CaCerts_AreTheChain()
    {
        var appliance = await shared.GetAsync();
        await JavaEst.To(appliance, folder).RunAsync("cacerts", "unused");
        (await OpenSsl.RunAsync(folder, "verify", "-x509_strict", "-CAfile", appliance.AnchorsFile, folder.File("cacerts.pem"))).MustSucceed();
    }

    [Fact]
    public async Task CsrAttributes_AreUnderstood()
    {
        var appliance = await shared.GetAsync();
        var printed = (await JavaEst.To(appliance, folder).RunAsync("csrattrs", "unused")).Text;
        Assert.NotEqual("none", printed.Trim());
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA-3072")]
    [InlineData("Ed25519")]
    public async Task Enroll_WithBasic_GivesAVerifiedCertificate(string algorithm)
    {
        var appliance = await shared.GetAsync();
        var (java, name) = (JavaEst.To(appliance, folder).WithCredential(appliance.Credential), Csr.NewName("java"));
        await java.RunAsync("enroll", name, algorithm);
        await OpenSsl.JudgeAsync(folder, appliance, java.Certificate, java.Key, name);
    }

    [Fact]
    public async Task Reenroll_WithTheCertificate_Renews()
    {
        var appliance = await shared.GetAsync();
        var (java, name) = (JavaEst.To(appliance, folder), Csr.NewName("java"));
        await java.WithCredential(appliance.Credential).RunAsync("enroll", name);
        var (certificate, key) = (folder.File("old.pem"), folder.File("old.key"));
        File.Move(java.Certificate, certificate);
        File.Move(java.Key, key);
        await java.WithIdentity(certificate, key).RunAsync("reenroll", name);
        await OpenSsl.JudgeAsync(folder, appliance, java.Certificate, java.Key, name);
    }

    [Fact]
    public async Task ServerKeyGeneration_GivesKeyAndCertificate()
    {
        var appliance = await shared.GetAsync();
        var (java, name) = (JavaEst.To(appliance, folder).WithCredential(appliance.Credential), Csr.NewName("java"));
        await java.RunAsync("serverkeygen", name);
        await OpenSsl.JudgeAsync(folder, appliance, java.Certificate, java.Key, name);
    }

    public void Dispose() => folder.Dispose();
}
