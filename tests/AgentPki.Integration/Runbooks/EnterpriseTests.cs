using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Runbooks;

/// <summary>An appliance beside an existing enterprise PKI, which is openssl here: under its root, and cross-certified with it.</summary>
[Trait("tier", "full")]
public sealed class EnterpriseTests
{
    [Fact]
    public async Task Subordinate_UnderTheEnterprisesRoot_AgentsAreVerifiedByIt()
    {
        await using var home = await RunbookHome.CreateEmptyAsync();
        await MakeEnterpriseAsync(home);
        var asked = await home.CarryOutAsync("subordinate-request.yaml");
        asked.Carry("issuing.csr", "issuing.csr");
        await File.WriteAllTextAsync(home.Files.File("sub.ext"), "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
        (await OpenSsl.RunAsync(home.Files, "x509", "-req", "-inform", "DER", "-in", "issuing.csr", "-CA", "enterprise.pem", "-CAkey", "enterprise.key", "-days", "365", "-extfile", "sub.ext", "-out", "issuing.pem")).MustSucceed();

        await home.CarryOutAsync("subordinate-install.yaml");

        await home.BootstrapAndServeAsync();
        var (leaf, _) = (await home.EnrollAsync()).Write(home.Files);
        (await OpenSsl.RunAsync(home.Files, "verify", "-x509_strict", "-CAfile", "enterprise.pem", "-untrusted", "issuing.pem", leaf)).MustSucceed();
        // The enterprise's CRL is served as it signed it.
        var list = await home.Appliance.Http().ExchangeAsync(Requests.Get("/crl/enterprise.crl"));
        Assert.Equal(200, list!.Status);
        (await OpenSsl.RunAsync(home.Files, "crl", "-in", "enterprise.crl", "-outform", "DER", "-out", "enterprise.crl.der")).MustSucceed();
        Assert.Equal(await File.ReadAllBytesAsync(home.Files.File("enterprise.crl.der")), list.Body);
        (await home.Appliance.Cli.RunAsync("doctor")).MustSucceed();
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task CrossSigned_EnterprisesRootUnderOurs_WhoTrustsOursVerifiesTheirs()
    {
        await using var home = await RunbookHome.CreateAsync();
        await MakeEnterpriseAsync(home);
        (await OpenSsl.RunAsync(home.Files, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", "leaf.key", "-out", "leaf.pem", "-days", "90", "-subj", "/CN=leaf.enterprise.test",
            "-CA", "enterprise.pem", "-CAkey", "enterprise.key", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:leaf.enterprise.test")).MustSucceed();
        await home.StopAsync();

        var evidence = await home.CarryOutAsync("cross-sign.yaml");

        (await OpenSsl.RunAsync(home.Files, "x509", "-in", evidence.Artifact("enterprise.der"), "-out", "cross.pem")).MustSucceed();
        await home.ServeAsync();
        (await OpenSsl.RunAsync(home.Files, "verify", "-x509_strict", "-CAfile", home.Appliance.AnchorsFile, "-untrusted", "cross.pem", "leaf.pem")).MustSucceed();
        (await OpenSsl.RunAsync(home.Files, "verify", "-x509_strict", "-CAfile", home.Appliance.AnchorsFile, "leaf.pem")).MustFail();
        await home.EnrollAsync();
    }

    /// <summary>enterprise.pem, its key, and its CRL.</summary>
    private static async Task MakeEnterpriseAsync(RunbookHome home)
    {
        var files = home.Files;
        (await OpenSsl.RunAsync(files, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-noenc", "-keyout", "enterprise.key", "-out", "enterprise.pem", "-days", "3650", "-subj", "/O=Enterprise/CN=Enterprise Root",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")).MustSucceed();
        await File.WriteAllTextAsync(files.File("index.txt"), "");
        await File.WriteAllTextAsync(files.File("crlnumber"), "01\n");
        await File.WriteAllTextAsync(files.File("ca.cnf"), """
            [ca]
            default_ca = enterprise
            [enterprise]
            database = index.txt
            crlnumber = crlnumber
            default_md = sha384
            default_crl_days = 30
            crl_extensions = crl
            [crl]
            authorityKeyIdentifier = keyid
            """);
        (await OpenSsl.RunAsync(files, "ca", "-config", "ca.cnf", "-gencrl", "-cert", "enterprise.pem", "-keyfile", "enterprise.key", "-out", "enterprise.crl")).MustSucceed();
    }
}
