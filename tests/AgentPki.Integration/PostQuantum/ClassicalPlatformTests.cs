using AgentPki.Integration.Harness;

namespace AgentPki.Integration.PostQuantum;

/// <summary>A post-quantum home on a platform whose TLS may know nothing of its algorithms: the system's OpenSSL, which stock clients have too.</summary>
public sealed class ClassicalPlatformTests : IDisposable
{
    private readonly TempFolder folder = new();

    /// <summary>Where the system's OpenSSL is 3.5 or later there is no CA for TLS, and all the rest holds as well.</summary>
    [Fact]
    public async Task Up_MlDsaOnTheSystemsOpenSsl_ServesWhatItsClientsCanVerifyAndSaysWhy()
    {
        var options = await PostQuantumParts.OptionsAsync("ml-dsa-65");
        await using var appliance = await Appliance.StartNewAsync(options with { DotNet = "dotnet" });

        // 1. The story: the sample agent enrolled, its chain verified by an openssl that knows ML-DSA.
        Assert.Contains("openssl verify:", appliance.Output, StringComparison.Ordinal);
        var knowsMlDsa = (await Tool.RunAsync("openssl", ["list", "-signature-algorithms"])).Text.Contains("ML-DSA-65", StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(knowsMlDsa, appliance.Output.Contains("AgentPki Development TLS CA (ecdsa-p256) issues the HTTPS certificate alone", StringComparison.Ordinal));
        Assert.Equal(knowsMlDsa ? 1 : 2, appliance.Anchors().Count);

        // 2. A stock client, with the anchors as they lie there.
        var answer = (await Tool.RunAsync("curl", ["-s", "--cacert", appliance.AnchorsFile, "-w", "%{http_code} %{ssl_verify_result}", "-o", folder.File("cacerts"), $"{appliance.EstUrl}/cacerts"])).MustSucceed();
        Assert.Equal("200 0", answer.Text.Trim());

        // 3. Everything about such a home is in order by its own account, now and after another start.
        (await appliance.Cli.RunAsync("doctor")).MustSucceed();
        var anchors = File.ReadAllText(appliance.AnchorsFile);
        await appliance.KillAsync();
        await appliance.StartAsync();
        Assert.Equal(anchors, File.ReadAllText(appliance.AnchorsFile));
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    public void Dispose() => folder.Dispose();
}
