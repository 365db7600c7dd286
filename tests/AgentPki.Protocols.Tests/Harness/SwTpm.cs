using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>
/// A software TPM (swtpm) with an endorsement key whose certificate swtpm_localca made, and Debian's tpm2-tools to speak to it over a Unix socket. The test
/// plays the attestation CA: it has the TPM prove with TPM2_ActivateCredential that its AK and its EK are in one TPM, and then certifies the AK.
/// </summary>
internal sealed class SwTpm : IAsyncDisposable
{
    private const string Endorsement = "0x81010001";
    private const string AttestationHandle = "0x81000010";
    private const string KeyHandle = "0x81000011";
    private readonly DirectoryInfo _folder;
    private Process? _process;

    private SwTpm(DirectoryInfo folder) => _folder = folder;

    /// <summary>The key to be certified, of this TPM.</summary>
    public PublicKey? Key { get; private set; }

    private string Tcti => $"swtpm:path={File("tpm")}";

    public static async Task<SwTpm> StartAsync(string name)
    {
        var tpm = new SwTpm(Directory.CreateTempSubdirectory("tpm"));
        await tpm.SetUpAsync(name);
        return tpm;
    }

    /// <summary>An AK, certified by <paramref name="root"/> once the EK's chain was verified and the TPM has activated a credential for the AK's name.</summary>
    public async Task<byte[]> CreateAttestationKeyAsync(AttestationRoot root, string subject)
    {
        await RunAsync("tpm2_createak", "-C", Endorsement, "-c", File("ak.ctx"), "-G", "ecc", "-g", "sha256", "-s", "ecdsa", "-u", File("ak.pem"), "-f", "pem", "-n", File("ak.name"), "-Q");
        await FlushAsync();
        await RunAsync("tpm2_evictcontrol", "-C", "o", "-c", File("ak.ctx"), AttestationHandle, "-Q");
        await FlushAsync();
        await CheckEndorsementAsync();
        await ActivateAsync();
        using var key = ECDsa.Create();
        key.ImportFromPem(await System.IO.File.ReadAllTextAsync(File("ak.pem")));
        return root.Issue(
            new PublicKey(key), subject, null, new X509BasicConstraintsExtension(false, false, 0, true), new X509EnhancedKeyUsageExtension([new Oid("2.23.133.8.3")], false));
    }

    /// <summary>A key on P-256 that signs and never leaves the TPM; its public area, TPMT_PUBLIC.</summary>
    public async Task<byte[]> CreateKeyAsync()
    {
        await RunAsync("tpm2_createprimary", "-C", "o", "-g", "sha256", "-G", "ecc", "-c", File("primary.ctx"), "-Q");
        await RunAsync(
            "tpm2_create", "-C", File("primary.ctx"), "-G", "ecc256:ecdsa-sha256", "-u", File("key.pub"), "-r", File("key.priv"), "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "-Q");
        await FlushAsync();
        await RunAsync("tpm2_load", "-C", File("primary.ctx"), "-u", File("key.pub"), "-r", File("key.priv"), "-c", File("key.ctx"), "-Q");
        await FlushAsync();
        await RunAsync("tpm2_evictcontrol", "-C", "o", "-c", File("key.ctx"), KeyHandle, "-Q");
        await RunAsync("tpm2_readpublic", "-c", KeyHandle, "-f", "pem", "-o", File("key.pem"), "-Q");
        using var key = ECDsa.Create();
        key.ImportFromPem(await System.IO.File.ReadAllTextAsync(File("key.pem")));
        Key = new PublicKey(key);
        return (await System.IO.File.ReadAllBytesAsync(File("key.pub")))[2..]; // without the length of TPM2B_PUBLIC
    }

    /// <summary>TPM2_Certify of the key by the AK. Debian's tpm2_certify has no option for the nonce: the command goes out as it is (Part 3 §18.2).</summary>
    public async Task<(byte[] CertInfo, byte[] Signature)> CertifyAsync(byte[] nonce)
    {
        const string Password = "400000090000000000"; // TPM_RS_PW, empty
        var body = $"00000148{KeyHandle[2..]}{AttestationHandle[2..]}00000012{Password}{Password}{nonce.Length:x4}{Convert.ToHexStringLower(nonce)}0010";
        await System.IO.File.WriteAllBytesAsync(File("command"), Convert.FromHexString($"8002{6 + body.Length / 2:x8}{body}"));
        await RunAsync("tpm2_send", "-o", File("response"), File("command"));
        var response = await System.IO.File.ReadAllBytesAsync(File("response"));
        Assert.Equal("00000000", Convert.ToHexString(response.AsSpan(6, 4)));
        var end = 14 + (response[12] << 8 | response[13]);
        var length = response[14] << 8 | response[15];
        return (response[16..(16 + length)], response[(16 + length)..end]);
    }

    /// <summary>TPM2_Quote by the AK over PCRs of the SHA-256 bank.</summary>
    public async Task<(byte[] Quote, byte[] Signature, byte[][] Values)> QuoteAsync(byte[] nonce, params int[] pcrs)
    {
        await RunAsync(
            "tpm2_quote", "-c", AttestationHandle, "-l", $"sha256:{string.Join(',', pcrs)}", "-q", Convert.ToHexStringLower(nonce), "-m", File("quote"), "-s", File("quote.sig"), "-o", File("pcrs"), "-F", "values", "-g", "sha256", "-Q");
        var values = await System.IO.File.ReadAllBytesAsync(File("pcrs"));
        return (await System.IO.File.ReadAllBytesAsync(File("quote")), await System.IO.File.ReadAllBytesAsync(File("quote.sig")), [.. values.Chunk(32)]);
    }

    public Task ExtendAsync(int pcr, string data) => RunAsync("tpm2_pcrextend", $"{pcr}:sha256={Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(data)))}");

    /// <summary>A request that the TPM signs.</summary>
    public byte[] Csr(string spiffeId)
    {
        var request = new CertificateRequest(new X500DistinguishedName(""), Key!, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(spiffeId));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest(new Generator(this));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _folder.Delete(true);
    }

    private async Task SetUpAsync(string name)
    {
        foreach (var folder in new[] { "state", "ca" })
        {
            Directory.CreateDirectory(File(folder));
        }

        await System.IO.File.WriteAllTextAsync(File("ca.conf"), $"statedir = {File("ca")}\nsigningkey = {File("ca/key.pem")}\nissuercert = {File("ca/issuer.pem")}\ncertserial = {File("ca/serial")}\n");
        await System.IO.File.WriteAllTextAsync(File("ca.options"), "--platform-manufacturer Test\n--platform-version 1\n--platform-model soft\n");
        await System.IO.File.WriteAllTextAsync(
            File("setup.conf"), $"create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = {File("ca.conf")}\ncreate_certs_tool_options = {File("ca.options")}\nactive_pcr_banks = sha256\n");
        await RunAsync("swtpm_setup", "--tpm2", "--tpmstate", File("state"), "--create-ek-cert", "--config", File("setup.conf"), "--vmid", name);
        _process = Process.Start(new ProcessStartInfo("swtpm")
        {
            ArgumentList =
            {
                "socket", "--tpm2", "--tpmstate", $"dir={File("state")}", "--server", $"type=unixio,path={File("tpm")}", "--ctrl", $"type=unixio,path={File("tpm.ctrl")}", "--flags", "not-need-init,startup-clear",
            },
        });
        for (var i = 0; i < 600 && !System.IO.File.Exists(File("tpm")); i++)
        {
            await Task.Delay(50);
        }
    }

    // swtpm_localca's chain in the eyes of the appliance's own path check.
    private async Task CheckEndorsementAsync()
    {
        await RunAsync("tpm2_nvread", "0x1c00002", "-o", File("ek.der"));
        var (issuer, root) = (await PemAsync("ca/issuer.pem"), await PemAsync("ca/swtpm-localca-rootca-cert.pem"));
        var options = new ChainOptions(TimeProvider.System.GetUtcNow(), "2.23.133.8.1");
        var providers = new Cryptography.CryptoProviders(new Cryptography.Providers.Platform.PlatformProvider());
        var result = CertificateChain.Validate(Certificate.Parse(await System.IO.File.ReadAllBytesAsync(File("ek.der"))), [issuer], [root], options, providers);
        Assert.True(result is ChainResult.Valid, (result as ChainResult.Invalid)?.Detail);
    }

    private async Task ActivateAsync()
    {
        var secret = RandomNumberGenerator.GetBytes(16);
        await System.IO.File.WriteAllBytesAsync(File("secret"), secret);
        await RunAsync("tpm2_readpublic", "-c", Endorsement, "-o", File("ek.pub"), "-Q");
        await RunAsync(
            "tpm2_makecredential", "-T", "none", "-u", File("ek.pub"), "-s", File("secret"), "-n", Convert.ToHexStringLower(await System.IO.File.ReadAllBytesAsync(File("ak.name"))), "-o", File("credential"), "-Q");
        await RunAsync("tpm2_startauthsession", "--policy-session", "-S", File("session"), "-Q");
        await RunAsync("tpm2_policysecret", "-S", File("session"), "-c", "e", "-Q");
        await RunAsync("tpm2_activatecredential", "-c", AttestationHandle, "-C", Endorsement, "-i", File("credential"), "-o", File("activated"), "-P", $"session:{File("session")}", "-Q");
        await RunAsync("tpm2_flushcontext", File("session"));
        Assert.Equal(secret, await System.IO.File.ReadAllBytesAsync(File("activated")));
    }

    private async Task<Certificate> PemAsync(string name)
    {
        using var certificate = X509Certificate2.CreateFromPem(await System.IO.File.ReadAllTextAsync(File(name)));
        return Certificate.Parse(certificate.RawData);
    }

    private Task FlushAsync() => RunAsync("tpm2_flushcontext", "-t");

    private string File(string name) => Path.Combine(_folder.FullName, name);

    private async Task RunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["TPM2TOOLS_TCTI"] = Tcti } })
            ?? throw new InvalidOperationException($"{tool} did not start; tests/foreign/install.sh installs it");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {await output}{await errors}");
    }

    /// <summary>ECDSA with SHA-256 by the TPM.</summary>
    private sealed class Generator(SwTpm tpm) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300A06082A8648CE3D040302");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            System.IO.File.WriteAllBytes(tpm.File("digest"), SHA256.HashData(data));
            tpm.RunAsync("tpm2_sign", "-c", KeyHandle, "-g", "sha256", "-s", "ecdsa", "-d", "-f", "plain", "-o", tpm.File("signature"), tpm.File("digest"), "-Q").GetAwaiter().GetResult();
            return System.IO.File.ReadAllBytes(tpm.File("signature"));
        }

        protected override PublicKey BuildPublicKey() => tpm.Key!;
    }
}
