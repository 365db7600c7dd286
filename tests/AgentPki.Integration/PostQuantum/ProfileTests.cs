using AgentPki.Integration.Harness;

namespace AgentPki.Integration.PostQuantum;

/// <summary>Homes of other profiles, each with its own appliance, and what becomes of one that is killed.</summary>
[Trait("tier", "full")]
public sealed class ProfileTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Up_Composite_KeepsItsHalvesInTwoTokensAndSaysSo()
    {
        await using var appliance = await Appliance.StartNewAsync(await PostQuantumParts.OptionsAsync("composite"));

        Assert.Contains("in two halves", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("by agentpki's own verifier", appliance.Output, StringComparison.Ordinal);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        Assert.Matches(
            "ok +ca key issuing +mldsa65-ecdsa-p256 in two halves: ml-dsa-65 in token nss 'NSS Certificate DB', level token; ecdsa-p256 in token softhsm '[^']+', level token; they sign as one, and each half verifies",
            (await appliance.Cli.RunAsync("doctor")).MustSucceed().Text);
    }

    [Fact]
    public async Task Up_Catalyst_SignsTwiceAndStockClientsSeeTheFirst()
    {
        var options = await PostQuantumParts.OptionsAsync("catalyst");
        await using var appliance = await Appliance.StartNewAsync(options with { DotNet = "dotnet" });

        Assert.Contains("(catalyst ecdsa-p384 + ml-dsa-87) certified AgentPki Development Issuing CA (catalyst ecdsa-p256 + ml-dsa-65)", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("issuing alternative key generated in the token nss", appliance.Output, StringComparison.Ordinal);
        Assert.Contains("both signatures by agentpki's own verifier: OK", appliance.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("TLS CA", appliance.Output, StringComparison.Ordinal);
        var sample = Path.Combine(appliance.Home, "dev", "agent.pem");
        (await Tool.RunAsync("openssl", ["verify", "-x509_strict", "-CAfile", appliance.AnchorsFile, "-untrusted", appliance.ChainFile, sample])).MustSucceed();
        (await new QuantumJudge(appliance, folder).VerifyWithListsAsync(sample)).MustSucceed();

        await appliance.KillAsync();
        await appliance.StartAsync();
        Assert.Contains("kept its certificate", appliance.Output, StringComparison.Ordinal);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        var doctor = (await appliance.Cli.RunAsync("doctor")).MustSucceed().Text;
        Assert.Matches("ok +ca key issuing +ecdsa-p256 in token softhsm '[^']+', level token; signs, and the signature verifies", doctor);
        Assert.Matches("ok +ca key issuing, alternative +ml-dsa-65 in token nss 'NSS Certificate DB', level token; signs, and the signature verifies", doctor);
    }

    [Fact]
    public async Task Up_SlhDsa_KeepsItsKeysWrappedByLeaveAndOpenSslVerifies()
    {
        await using var appliance = await Appliance.StartNewAsync(await PostQuantumParts.OptionsAsync("slh-dsa"));
        var judge = new QuantumJudge(appliance, folder);

        Assert.Contains("token-wrapped (no token here has the algorithm; by leave of the development ceremony)", appliance.Output, StringComparison.Ordinal);
        var sample = Path.Combine(appliance.Home, "dev", "agent.pem");
        (await judge.VerifyWithListsAsync(sample)).MustSucceed();
        Assert.Contains(": good", await judge.StatusAsync(sample), StringComparison.Ordinal);

        Assert.Matches("ok +ca key issuing +slh-dsa-sha2-128s wrapped under a key of token softhsm '[^']+', level token-wrapped; signs, and the signature verifies", (await appliance.Cli.RunAsync("doctor")).MustSucceed().Text);
        var wrapped = Directory.EnumerateFiles(appliance.Home, "*issuing-ca.key", SearchOption.AllDirectories).Single();
        var octets = await File.ReadAllBytesAsync(wrapped);
        octets[^1] ^= 1;
        await File.WriteAllBytesAsync(wrapped, octets);
        Assert.Matches("FAIL +ca key issuing +slh-dsa-sha2-128s: ", (await appliance.Cli.RunAsync("doctor")).MustFail().Text);
    }

    [Fact]
    public async Task Up_MlDsaKilledAndStartedAgain_GoesOnWithTheSameKeys()
    {
        await using var appliance = await Appliance.StartNewAsync(await PostQuantumParts.OptionsAsync("ml-dsa-65"));
        var judge = new QuantumJudge(appliance, folder);
        var before = (await judge.EnrollAsync("ML-DSA-65")).Certificate;
        var anchors = File.ReadAllText(appliance.ChainFile);

        await appliance.KillAsync();
        await appliance.StartAsync();

        Assert.Equal(anchors, File.ReadAllText(appliance.ChainFile));
        (await judge.VerifyWithListsAsync(before)).MustSucceed();
        (await judge.VerifyWithListsAsync((await judge.EnrollAsync("ML-DSA-65")).Certificate)).MustSucceed();
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task Up_RootOfTwoKeysAlone_IsJudgedByWhatItsCasMakeAndKeptWhenTheOptionIsNotRepeated()
    {
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { UpArguments = ["--root-algorithm", "catalyst ecdsa-p384 + ml-dsa-87"] });
        Assert.Contains("second signatures, where there are any, by agentpki's own verifier: OK", appliance.Output, StringComparison.Ordinal);
        await appliance.KillAsync();

        await appliance.StartWithAsync([]);

        Assert.Contains("held before: AgentPki Development Root (catalyst ecdsa-p384 + ml-dsa-87) and AgentPki Development Issuing CA (ecdsa-p256)", appliance.Output, StringComparison.Ordinal);
        (await appliance.Cli.RunAsync("doctor")).MustSucceed();
    }

    [Fact]
    public async Task Up_AnotherProfileOnAHome_IsRefusedInOneSentence()
    {
        await using var appliance = await Appliance.StartNewAsync();
        Assert.Equal(0, await appliance.StopAsync());

        var refused = (await appliance.Cli.RunAsync("up", "--profile", "ml-dsa-65")).MustFail();

        Assert.Contains("was made for profile 'ecdsa-p256'", refused.Error, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
