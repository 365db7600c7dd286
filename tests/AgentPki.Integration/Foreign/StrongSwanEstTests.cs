using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>EST by strongSwan's <c>pki --est</c>: its own TLS stack, its own CMS parser, base64 without line breaks.</summary>
public sealed class StrongSwanEstTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("ecdsa", 256)]
    [InlineData("ecdsa", 384)]
    [InlineData("rsa", 3072)]
    [InlineData("rsa", 4096)]
    [InlineData("ed25519", 0)]
    public async Task Est_WithBasic_GivesAVerifiedCertificate(string type, int bits)
    {
        var (appliance, pki) = await StartAsync();
        var name = Csr.NewName("strongswan");
        var (key, request) = await pki.NewRequestAsync(name, type, bits);
        var certificate = await pki.EnrollAsync(request, "--userpass", appliance.Credential);
        await OpenSsl.JudgeAsync(folder, appliance, certificate, key, name);
    }

    [Fact]
    public async Task Est_WithTheCertificate_RenewsTwice()
    {
        var (appliance, pki) = await StartAsync();
        var name = Csr.NewName("strongswan");
        var (key, request) = await pki.NewRequestAsync(name, "ecdsa", 256);
        var certificate = await pki.EnrollAsync(request, "--userpass", appliance.Credential);
        for (var round = 0; round < 2; round++)
        {
            var (nextKey, nextRequest) = await pki.NewRequestAsync(name, "ecdsa", 256);
            certificate = await pki.EnrollAsync(nextRequest, "--cert", certificate, "--key", key);
            key = nextKey;
            await OpenSsl.JudgeAsync(folder, appliance, certificate, key, name);
        }
    }

    public void Dispose() => folder.Dispose();

    private async Task<(Appliance Appliance, StrongSwan Pki)> StartAsync()
    {
        var appliance = await shared.GetAsync();
        return (appliance, new StrongSwan(folder, appliance.AnchorsFile, $"https://localhost:{appliance.HttpsPort}"));
    }
}
