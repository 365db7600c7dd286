using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Transcripts;

/// <summary>
/// Writes <c>tests/transcripts</c> anew: lets each stock client talk to an appliance through <see cref="RecordingProxy"/>. Runs
/// only when asked for, by <c>tests/foreign/record.sh</c>; what it writes is looked at and committed.
/// </summary>
public sealed class TranscriptRecorder(SharedAppliance shared) : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private Appliance appliance = null!;
    private RecordingProxy proxy = null!;

    public async ValueTask InitializeAsync()
    {
        appliance = await shared.GetAsync();
        proxy = new RecordingProxy(appliance, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        folder.Dispose();
    }

    [Fact(Explicit = true)]
    public async Task Record_Curl()
    {
        var version = (await Tool.RunAsync("curl", ["--version"])).Text.Split('\n')[0];
        var curl = new Curl(folder, $"https://localhost:{proxy.Port}/.well-known/est", proxy.AnchorsFile);
        var trusted = curl.WithCredential(appliance.Credential);
        await curl.GetAsync("cacerts");
        Save("curl", "cacerts", version);
        await curl.GetAsync("csrattrs");
        Save("curl", "csrattrs", version);
        await curl.PostAsync("simpleenroll", (await RequestAsync("curl-401")).Base64);
        Save("curl", "simpleenroll-without-credential", version);
        await trusted.EnrollAsync("simpleenroll", await RequestAsync("curl-enroll"));
        Save("curl", "simpleenroll", version);
        (await trusted.PostAsync("serverkeygen", (await RequestAsync("curl-serverkeygen")).Base64)).MustBe(200);
        Save("curl", "serverkeygen", version);
        (await trusted.PostAsync("simpleenroll", await NoiseAsync())).MustBe(400);
        Save("curl", "simpleenroll-noise", version);

        var (certificate, key) = await IdentityAsync("curl-renew.agents.test");
        await curl.WithIdentity(certificate, key).EnrollAsync("simplereenroll", await RequestAsync("curl-renew"));
        Save("curl", "simplereenroll", version, "curl-renew.agents.test");
    }

    [Fact(Explicit = true)]
    public async Task Record_StrongSwan()
    {
        var version = await StrongSwan.VersionAsync();
        var pki = new StrongSwan(folder, proxy.AnchorsFile, $"https://localhost:{proxy.Port}");
        await pki.EnrollAsync((await pki.NewRequestAsync("strongswan-enroll.agents.test", "ecdsa", 256)).Request, "--userpass", appliance.Credential);
        Save("strongswan", "enroll", version);

        const string Name = "strongswan-renew.agents.test";
        var (certificate, key) = await IdentityAsync(Name);
        await pki.EnrollAsync((await pki.NewRequestAsync(Name, "ecdsa", 256)).Request, "--cert", certificate, "--key", key);
        Save("strongswan", "renew", version, Name);
    }

    [Fact(Explicit = true)]
    public async Task Record_Java()
    {
        var java = new JavaEst(folder, $"localhost:{proxy.Port}", proxy.AnchorsFile);
        var version = $"BouncyCastle bcpkix {await JavaEst.VersionAsync()}";
        var trusted = java.WithCredential(appliance.Credential);
        await java.RunAsync("cacerts", "unused");
        Save("java", "cacerts", version);
        await java.RunAsync("csrattrs", "unused");
        Save("java", "csrattrs", version);
        await trusted.RunAsync("enroll", "java-enroll.agents.test");
        Save("java", "enroll", version);
        await trusted.RunAsync("serverkeygen", "java-serverkeygen.agents.test");
        Save("java", "serverkeygen", version);

        const string Name = "java-renew.agents.test";
        var (certificate, key) = await IdentityAsync(Name);
        await java.WithIdentity(certificate, key).RunAsync("reenroll", Name);
        Save("java", "reenroll", version, Name);
    }

    private void Save(string client, string name, string version, string? identity = null)
    {
        var exchanges = proxy.Take();
        Assert.NotEmpty(exchanges);
        new Transcript(version, identity, exchanges).Save(Path.Combine(SourceTree.Transcripts, client, name + ".transcript"));
        proxy.Identity = null;
    }

    private async Task<(string Certificate, string Key)> IdentityAsync(string name)
    {
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, name);
        proxy.Identity = agent.Certificate;
        return agent.Write(folder);
    }

    private Task<OpenSslRequest> RequestAsync(string name) => OpenSsl.NewRequestAsync(folder, "P-256", $"{name}.agents.test");

    private async Task<string> NoiseAsync()
    {
        var file = folder.File("noise");
        await File.WriteAllTextAsync(file, "this is not base64 of anything");
        return file;
    }
}
