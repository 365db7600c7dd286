using System.Net;
using System.Net.Sockets;
using System.Text;
using AgentPki.Client.Est;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Server.Tests.Up;

public sealed class ApplianceTests(ApplianceFixture appliance) : IClassFixture<ApplianceFixture>
{
    private static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Up_NewHome_TellsItsStoryAndThreeCommands()
    {
        foreach (var part in new[] { "token", "ceremony", "service", "spiffe://agents.localhost/agent/sample-agent enrolled over EST", "openssl verify:", "certificate list", "audit verify", "curl --cacert" })
        {
            Assert.Contains(part, appliance.Story, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Up_NewHome_LeavesNothingOpenToOthers() => Assert.All(
        Directory.EnumerateFiles(appliance.Home.Root, "*", SearchOption.AllDirectories),
        file => Assert.False(PrivateFile.IsOpenToOthers(file), file));

    [Theory]
    [InlineData("https", "/healthz")]
    [InlineData("https", "/metrics")]
    [InlineData("https", "/admin/v1/status")]
    [InlineData("http", "/.well-known/est/cacerts")]
    [InlineData("http", "/admin/v1/status")]
    public async Task Listener_EndpointOfAnotherDoor_IsNotFound(string scheme, string path)
    {
        using var http = Http();
        using var answer = await http.GetAsync(new Uri($"{scheme}://localhost:{(scheme == "https" ? appliance.HttpsPort : appliance.HttpPort)}{path}"), Token);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Https_Answer_CarriesSecurityHeadersAndNoServer()
    {
        using var http = Http();
        using var answer = await http.GetAsync(new Uri($"https://localhost:{appliance.HttpsPort}/.well-known/est/cacerts"), Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains("max-age", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")), StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData(true, "-tls1_3")]
    [InlineData(true, "-tls1_2")]
    [InlineData(true, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    [InlineData(false, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")]
    [InlineData(false, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")]
    [InlineData(false, "-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0")]
    public async Task Tls_OpenSslClient_GetsOnlySaneProtocolsAndCiphers(bool accepted, params string[] options)
    {
        var outcome = await ForeignProgram.RunAsync(
            "openssl",
            ["s_client", "-connect", $"127.0.0.1:{appliance.HttpsPort}", "-CAfile", appliance.Home.RootCertificate, "-verify_return_error", "-verify_hostname", "localhost", .. options],
            Token);

        Assert.NotNull(outcome);
        Assert.Equal(accepted, outcome.Text.Contains("Verify return code: 0 (ok)", StringComparison.Ordinal) && outcome.ExitCode == 0);
    }

    [Fact]
    public async Task EstClient_EnrollThenRenewTwiceOnOneConnection_GetsItsCertificates()
    {
        await using var key = await KeyAsync();
        using var first = new EstClient(Options(Credential()), TimeProvider.System);
        Assert.Equal(2, (await first.GetCaCertificatesAsync(Token)).Count);
        Assert.NotNull(await first.GetCsrAttributesAsync(Token));
        var issued = Assert.IsType<EstEnrollment.Issued>(await first.EnrollAsync(await RequestAsync("client-a", key), Token)).Certificate;

        var verifier = new ChainVerifier(Root(), Providers, TimeProvider.System);
        Assert.IsType<ChainResult.Valid>(verifier.Verify(issued, Pem.TryReadCertificates(appliance.Home.ChainCertificates)!, X509.Oids.ClientAuth));
        Assert.IsType<ChainResult.Invalid>(verifier.Verify(issued, [], X509.Oids.ClientAuth));

        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(Pem.Encode(issued), Pem.EncodeKey(key.ExportPkcs8()));
        using var second = new EstClient(new EstClientOptions(Server, Root(), ClientCertificate: certificate), TimeProvider.System);
        for (var i = 0; i < 2; i++)
        {
            await using var renewedKey = await KeyAsync();
            var renewed = Assert.IsType<EstEnrollment.Issued>(await second.ReenrollAsync(await RequestAsync("client-a", renewedKey), Token)).Certificate;
            Assert.Equal(issued.SpiffeId?.ToString(), renewed.SpiffeId?.ToString());
        }

        Assert.IsType<EstEnrollment.Refused>(await second.ReenrollAsync(await RequestAsync("client-b", key), Token));
    }

    [Theory]
    [InlineData(null, "ecdsa-p256")]
    [InlineData("ml-dsa-65", "ml-dsa-65")]
    [InlineData("slh-dsa-sha2-128s", "slh-dsa-sha2-128s")]
    [InlineData("catalyst", "ecdsa-p256", "ml-dsa-65")]
    public async Task EstEnroller_AsksFirst_MakesTheKeyOfTheLabel(string? label, string expected, string? second = null)
    {
        using var client = new EstClient(Options(Credential()) with { Label = label }, TimeProvider.System);
        var enrolled = await new EstEnroller(client, Providers, KeyAlgorithm.EcdsaP384)
            .EnrollAsync(X500Name.Create((X509.Oids.CommonName, $"asks-{label}-{expected}")), [], null, Token);
        await using var key = enrolled.Key;
        await using var alternative = enrolled.Alternative;

        var issued = Assert.IsType<EstEnrollment.Issued>(enrolled.Outcome).Certificate;
        Assert.Equal(expected, issued.PublicKey.Algorithm.Name);
        Assert.Equal(key.PublicKey, issued.PublicKey);
        Assert.Equal(second, issued.AlternativePublicKey?.Algorithm.Name);
        Assert.Equal(alternative?.PublicKey, issued.AlternativePublicKey);
    }

    [Fact]
    public async Task EstEnroller_MlKemLabel_TakesASigningCertificateToState()
    {
        using var signing = new EstClient(Options(Credential()), TimeProvider.System);
        var first = await new EstEnroller(signing, Providers, KeyAlgorithm.EcdsaP256).EnrollAsync(X500Name.Create((X509.Oids.CommonName, "receiver")), [], null, Token);
        await using var signingKey = first.Key;
        var identity = new EstIdentity(Assert.IsType<EstEnrollment.Issued>(first.Outcome).Certificate, (ISigningKey)signingKey);

        using var client = new EstClient(Options(Credential()) with { Label = "ml-kem-768" }, TimeProvider.System);
        var enroller = new EstEnroller(client, Providers, KeyAlgorithm.EcdsaP256);
        await Assert.ThrowsAsync<EstProtocolException>(() => enroller.EnrollAsync(X500Name.Create((X509.Oids.CommonName, "receiver")), [], null, Token));
        var enrolled = await enroller.EnrollAsync(X500Name.Create((X509.Oids.CommonName, "receiver")), [], identity, Token);
        await using var key = enrolled.Key;

        var issued = Assert.IsType<EstEnrollment.Issued>(enrolled.Outcome).Certificate;
        Assert.Equal(KeyAlgorithm.MlKem768, issued.PublicKey.Algorithm);
        Assert.Equal(identity.Certificate.SpiffeId, issued.SpiffeId);
    }

    [Fact]
    public async Task EstEnroller_RelatedLabel_GetsTheSecondOfAPair()
    {
        using var classical = new EstClient(Options(Credential()), TimeProvider.System);
        var name = X500Name.Create((X509.Oids.CommonName, "paired"));
        var first = await new EstEnroller(classical, Providers, KeyAlgorithm.EcdsaP256).EnrollAsync(name, [], null, Token);
        await using var firstKey = first.Key;
        var held = new EstIdentity(Assert.IsType<EstEnrollment.Issued>(first.Outcome).Certificate, (ISigningKey)firstKey);
        Assert.Equal(KeyAlgorithm.EcdsaP256, firstKey.PublicKey.Algorithm);

        using var client = new EstClient(Options(Credential()) with { Label = "related" }, TimeProvider.System);
        var enroller = new EstEnroller(client, Providers, KeyAlgorithm.EcdsaP256);
        var second = await enroller.EnrollAsync(name, [], held, Token);
        await using var secondKey = second.Key;

        var issued = Assert.IsType<EstEnrollment.Issued>(second.Outcome).Certificate;
        Assert.Equal((KeyAlgorithm.MlDsa65, held.Certificate.SpiffeId), (issued.PublicKey.Algorithm, issued.SpiffeId));
        var pair = new ChainVerifier(Root(), Providers, TimeProvider.System).VerifyPair(issued, held.Certificate, Pem.TryReadCertificates(appliance.Home.ChainCertificates)!, X509.Oids.ClientAuth);
        Assert.IsType<PairResult.Valid>(pair);
        Assert.Contains(Convert.ToHexStringLower(held.Certificate.Fingerprint()), (await appliance.RunAsync("audit", "show")).Output, StringComparison.Ordinal);

        // A label that offers no pair gets no such request, and who holds nothing yet names nothing.
        foreach (var (label, other) in new[] { ("ml-dsa-65", held), ("related", null) })
        {
            using var without = new EstClient(Options(Credential()) with { Label = label }, TimeProvider.System);
            var alone = await new EstEnroller(without, Providers, KeyAlgorithm.EcdsaP256).EnrollAsync(name, [], other, Token);
            await using var aloneKey = alone.Key;
            Assert.Null(Assert.IsType<EstEnrollment.Issued>(alone.Outcome).Certificate.Fields.RelatedCertificate);
        }
    }

    [Fact]
    public async Task EstClient_WrongSecretOrForeignRoot_IsRefused()
    {
        await using var key = await KeyAsync();
        using var wrong = new EstClient(Options(Credential() with { Secret = "guess" }), TimeProvider.System);
        Assert.Equal(401, Assert.IsType<EstEnrollment.Refused>(await wrong.EnrollAsync(await RequestAsync("client-c", key), Token)).Status);

        var issuing = Pem.TryReadCertificates(appliance.Home.SampleCertificate)!;
        using var distrustful = new EstClient(new EstClientOptions(Server, issuing), TimeProvider.System);
        await Assert.ThrowsAsync<EstProtocolException>(() => distrustful.GetCaCertificatesAsync(Token));
    }

    [Fact]
    public async Task Verbs_OnTheRunningAppliance_Answer()
    {
        foreach (var (arguments, expected) in new[]
        {
            (new[] { "status" }, "key level: token"), (["certificate", "list"], "tls-server"), (["agent", "list"], "sample-agent"), (["credential", "list"], "development"),
            (["approval", "list"], "Nothing waits"), (["audit", "verify"], "The ledger is intact"), (["audit", "show"], "CertificateIssued"), (["audit", "checkpoint"], "agentpki.internal/log/"),
            (["profile", "check"], "all in order"), (["profile", "list"], "related certificates"), (["agent", "show", "spiffe://agents.localhost/agent/sample-agent"], "active"),
        })
        {
            var (exitCode, output, error) = await appliance.RunAsync(arguments);
            Assert.True(exitCode == ExitCodes.Success, $"{string.Join(' ', arguments)}: {exitCode} {error}");
            Assert.Contains(expected, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Credential_NewUsedOnceAndRevoked_IsGoodExactlyOnce()
    {
        var line = (await appliance.RunAsync("credential", "new", "--owner", "team-a")).Output.Trim().Split(':');
        await using var key = await KeyAsync();
        using var client = new EstClient(Options(new EstCredential(line[0], line[1])), TimeProvider.System);

        Assert.IsType<EstEnrollment.Issued>(await client.EnrollAsync(await RequestAsync("client-d", key), Token));
        await using var other = await KeyAsync();
        Assert.IsType<EstEnrollment.Refused>(await client.EnrollAsync(await RequestAsync("client-e", other), Token));

        Assert.Equal(ExitCodes.Success, (await appliance.RunAsync("credential", "revoke", line[0])).ExitCode);
        Assert.Equal(ExitCodes.Refused, (await appliance.RunAsync("credential", "revoke", "nobody")).ExitCode);
    }

    [Fact]
    public async Task AcmeIncident_OpenedListedAndEnded_IsInTheLedger()
    {
        var opened = await appliance.RunAsync("acme", "incident", "open", "--profile", "agent", "--ca", "issuing", "--reason", "drill 41", "--explanation", "https://status.example/41", "--lifetime", "2h");
        Assert.True(opened.ExitCode == ExitCodes.Success, opened.Error);
        var id = opened.Output.Split(' ')[1];
        Assert.Contains("drill 41", (await appliance.RunAsync("acme", "incident", "list")).Output, StringComparison.Ordinal);

        Assert.Equal(ExitCodes.Success, (await appliance.RunAsync("acme", "incident", "end", id)).ExitCode);
        Assert.Equal(ExitCodes.Refused, (await appliance.RunAsync("acme", "incident", "end", id)).ExitCode);
        Assert.Equal(ExitCodes.Refused, (await appliance.RunAsync("acme", "incident", "open", "--ca", "nobody", "--reason", "drill")).ExitCode);
        Assert.Contains("drill 41", (await appliance.RunAsync("audit", "show")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoke_BySerial_RefusesItsHolderAtOnce()
    {
        await using var key = await KeyAsync();
        using var client = new EstClient(Options(Credential()), TimeProvider.System);
        var issued = Assert.IsType<EstEnrollment.Issued>(await client.EnrollAsync(await RequestAsync("client-f", key), Token)).Certificate;

        var (exitCode, output, _) = await appliance.RunAsync("revoke", issued.SerialHex, "--reason", "keyCompromise");

        Assert.Equal((ExitCodes.Success, true), (exitCode, output.StartsWith("1 revoked", StringComparison.Ordinal)));
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(Pem.Encode(issued), Pem.EncodeKey(key.ExportPkcs8()));
        using var renewing = new EstClient(new EstClientOptions(Server, Root(), ClientCertificate: certificate), TimeProvider.System);
        Assert.IsType<EstEnrollment.Refused>(await renewing.ReenrollAsync(await RequestAsync("client-f", key), Token));
        Assert.Contains("revoked", (await appliance.RunAsync("certificate", "show", issued.SerialHex)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_OnTheRunningAppliance_FindsNothingWrong()
    {
        var (exitCode, output, _) = await appliance.RunAsync("doctor");

        Assert.True(exitCode == ExitCodes.Success, output);
        Assert.Contains("answers with Tls13", output, StringComparison.Ordinal);
        Assert.Matches("ok +ca key root +ecdsa-p384 in token softhsm 'agentpki', level token; signs, and the signature verifies", output);
        Assert.Matches("ok +ca key issuing +ecdsa-p256 in token softhsm 'agentpki', level token; signs, and the signature verifies", output);
        Assert.Contains("Nothing is wrong", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_WhileOneRuns_IsRefusedInOneSentence()
    {
        var (exitCode, _, error) = await appliance.RunAsync("up");

        Assert.Equal(ExitCodes.Environment, exitCode);
        Assert.Contains("is running on the home", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_OfADevelopmentHome_WantsItSaid()
    {
        var (exitCode, _, error) = await appliance.RunAsync("serve");

        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.Contains("--dev", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AdminSocket_Mode_IsOwnerOnlyAndGarbageIsAnswered()
    {
        Assert.False(PrivateFile.IsOpenToOthers(appliance.Home.AdminSocket));
        using var path = SocketPath.For(appliance.Home.AdminSocket);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path.Address), Token);
        await socket.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8.ToArray(), Token);
        var buffer = new byte[4096];
        var text = Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Token));
        Assert.StartsWith("HTTP/1.1 404", text, StringComparison.Ordinal); // health is not at this door
    }

    private Uri Server => new($"https://localhost:{appliance.HttpsPort}");

    private IReadOnlyList<Certificate> Root() => Pem.TryReadCertificates(appliance.Home.RootCertificate)!;

    private EstClientOptions Options(EstCredential credential) => new(Server, Root(), Credential: credential);

    private EstCredential Credential()
    {
        var line = File.ReadAllText(appliance.Home.DevelopmentToken).Trim().Split(':', 2);
        return new EstCredential(line[0], line[1]);
    }

    private static HttpClient Http() => new(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });

    private static async Task<SoftwareSigningKey> KeyAsync() =>
        (SoftwareSigningKey)await new PlatformProvider().GenerateAsync(new KeySpec("client", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), Token);

    private static ValueTask<byte[]> RequestAsync(string name, ISigningKey key) =>
        Pkcs10Request.CreateAsync(X500Name.Create((X509.Oids.CommonName, $"{name}.agents.test")), [new GeneralName.Dns($"{name}.agents.test")], key, Token);
}
