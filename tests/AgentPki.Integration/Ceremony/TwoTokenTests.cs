using System.Net;
using AgentPki.Integration.Crash;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Integration.Status;

namespace AgentPki.Integration.Ceremony;

/// <summary>Runbooks about tokens, carried out: one key in two tokens with failover, another maker's token, and new firmware.</summary>
[Trait("tier", "full")]
public sealed class TwoTokenTests
{
    private const string Spare = "kind: softhsm\nlabel: spare";

    [Fact]
    public async Task Serve_FirstTokenGoesAwayWhileAgentsEnrol_NoEnrolmentFails()
    {
        using var home = await TwoTokenHome.MakeAsync(Spare);
        await home.BringKeysAsync();
        await home.ConfigureAsync("label: spare", "label: spare\n    mirrorOf: softhsm\nlimits:\n  requestsPerSecond: 0"); // all agents come from one address here
        var administrator = await home.Room.BootstrapAsync();
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Home = home.Home });
        Assert.Contains("softhsm signs now; both have the keys of", await DoctorAsync(appliance), StringComparison.Ordinal);
        var credential = await appliance.Cli.NewCredentialAsync("--uses", "0", "--as", administrator);
        var party = await RelyingParty.OfAsync(appliance, home.Room.Files);
        var revoked = (await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("revoked"), credential: credential)).Write(home.Room.Files).Certificate;
        Assert.Equal("good", await OcspAsync(home, party, revoked));

        var storm = EnrollmentStorm.Start(appliance, clients: 4, credential);
        await GrowsAsync(storm, 20);
        var bringBack = home.TakeAway("agentpki");
        await SaysAsync(appliance, "signs in token 'spare' now");
        await GrowsAsync(storm, 100);

        // OCSP, and a CRL that has to be made now.
        Assert.Equal(HttpStatusCode.OK, await appliance.ReadyStatusAsync());
        Assert.Equal("good", await OcspAsync(home, party, revoked));
        (await appliance.Cli.RunAsync("revoke", await SerialAsync(home, revoked), "--reason", "keyCompromise", "--as", administrator)).MustSucceed();
        Assert.Equal("revoked", await OcspAsync(home, party, revoked));
        await Eventually.TrueAsync(
            async () => (await OpenSsl.VerifyAsync(home.Room.Files, appliance, revoked, "-crl_check", "-CRLfile", await party.FetchUrlAsync($"http://localhost:{appliance.HttpPort}/crl/issuing.crl"))).Error.Contains("certificate revoked", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60), () => "the CRL does not have what was revoked");
        var away = await DoctorAsync(appliance);
        Assert.Contains("spare signs now, for softhsm is away", away, StringComparison.Ordinal);
        Assert.Contains("spare signs as", away, StringComparison.Ordinal);

        bringBack();
        await SaysAsync(appliance, "Key 'issuing-ca' signs in token 'softhsm' again");
        await GrowsAsync(storm, 20);
        var received = await storm.StopAsync();
        Assert.Empty(storm.Refusals);
        Assert.Equal(0, storm.Interrupted);
        Assert.True(received.Count >= 140);
        Assert.Contains("softhsm signs now; both have the keys of", await DoctorAsync(appliance), StringComparison.Ordinal);
        await AuditAsync(appliance);
    }

    [Fact]
    public async Task Serve_StartedWhileOneTokenIsAway_SaysSoAndIssues()
    {
        using var home = await TwoTokenHome.MakeAsync(Spare);
        await home.BringKeysAsync();
        await home.ConfigureAsync("label: spare", "label: spare\n    mirrorOf: softhsm");
        var administrator = await home.Room.BootstrapAsync();
        foreach (var label in new[] { "agentpki", "spare" })
        {
            var bringBack = home.TakeAway(label);
            await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Home = home.Home });
            Assert.Contains(label, appliance.Output, StringComparison.Ordinal);
            var credential = await appliance.Cli.NewCredentialAsync("--uses", "0", "--as", administrator);
            var agent = (await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("agent"), credential: credential)).Write(home.Room.Files).Certificate;
            Assert.Equal("good", await OcspAsync(home, await RelyingParty.OfAsync(appliance, home.Room.Files), agent));
            bringBack();
            await EnrolledAgent.EnrollNamedAsync(appliance, Csr.NewName("agent"), credential: credential);
            await Eventually.TrueAsync(async () => (await DoctorAsync(appliance)).Contains("softhsm signs now; both have", StringComparison.Ordinal), TimeSpan.FromSeconds(60), () => appliance.Output);
            await AuditAsync(appliance);
            Assert.Equal(0, await appliance.StopAsync());
        }

        // Another key under the label is no copy: refused, with the reason.
        await home.Room.HoldAsync(home.Room.Script("A wrong key", $$"""
            { step: key-destroy, label: issuing-ca, token: spare, public-key-sha256: "{{home.Digests[1]}}" }
            """));
        Assert.Contains("spare signs as root", await DoctorAsync(home), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runbook_AnotherMakersToken_ServesBeforeAndAfterAndTheOldKeysAreGone()
    {
        using var home = await TwoTokenHome.MakeAsync($"kind: nss\nmodule: {await PostQuantumParts.LatticeModuleAsync()}\nlabel: NSS Certificate DB");
        var administrator = await home.Room.BootstrapAsync();
        EnrolledAgent agent;
        string credential;
        await using (var before = await Appliance.StartNewAsync(new ApplianceOptions { Home = home.Home }))
        {
            credential = await before.Cli.NewCredentialAsync("--uses", "0", "--as", administrator);
            agent = await EnrolledAgent.EnrollNamedAsync(before, Csr.NewName("agent"), credential: credential);
            Assert.Equal(0, await before.StopAsync());
        }

        await home.BringKeysAsync();
        await home.RunbookAsync("move.yaml");

        await using var after = await Appliance.StartNewAsync(new ApplianceOptions { Home = home.Home });
        var doctor = await DoctorAsync(after);
        Assert.Matches("ca key issuing +.*token spare", doctor);
        var renewed = (await agent.RenewAsync(after)).Write(home.Room.Files);
        await OpenSsl.JudgeAsync(home.Room.Files, after, renewed.Certificate, renewed.Key, agent.Name);
        await EnrolledAgent.EnrollNamedAsync(after, Csr.NewName("later"), credential: credential);
        Assert.Equal("good", await OcspAsync(home, await RelyingParty.OfAsync(after, home.Room.Files), renewed.Certificate));
        await AuditAsync(after);
    }

    [Fact]
    public async Task Runbook_NewFirmware_KeysProveThemselvesAndNothingElseHasChanged()
    {
        using var home = await TwoTokenHome.MakeAsync(Spare);
        var before = await home.RunbookAsync("firmware.yaml");

        // SoftHSM's firmware is its library: another file of it takes the old one's place.
        var library = home.Room.Files.File("newer-softhsm.so");
        File.Copy(Pkcs11.TokenDescription.Shipped("softhsm").FindModule() ?? "", library);
        await home.ConfigureAsync("module: \"\"", $"module: \"{library}\"");
        var after = await home.RunbookAsync("firmware.yaml");

        Assert.Equal(Facts(before), Facts(after));
        Assert.Equal(2, after.Records.Count(r => r.Contains("key-proven", StringComparison.Ordinal)));
    }

    /// <summary>What the runbook has people compare: the records of keys, but for what counts and dates them.</summary>
    private static List<string> Facts(CeremonyEvidence evidence) =>
        [.. evidence.Records.SelectMany(r => r.Split('\n')).Where(l => l.StartsWith("CKA_", StringComparison.Ordinal) || l.StartsWith("serial", StringComparison.Ordinal) || l.StartsWith("public-key-sha256", StringComparison.Ordinal))];

    private static Task GrowsAsync(EnrollmentStorm storm, int by)
    {
        var before = storm.Received;
        return Eventually.TrueAsync(() => Task.FromResult(storm.Received >= before + by), TimeSpan.FromSeconds(120), () => $"{storm.Received - before} of {by} came; {string.Join("; ", storm.Refusals.Take(3))}");
    }

    private static Task SaysAsync(Appliance appliance, string what) =>
        Eventually.TrueAsync(() => Task.FromResult(appliance.Output.Replace("\\u0027", "'", StringComparison.Ordinal).Contains(what, StringComparison.Ordinal)), TimeSpan.FromSeconds(90), () => $"not said: {what}\n{appliance.Output}");

    private static async Task<string> OcspAsync(TwoTokenHome home, RelyingParty party, string certificate)
    {
        // With a nonce: signed now.
        var result = (await OpenSsl.RunAsync(home.Room.Files, "ocsp", "-issuer", party.Issuing, "-cert", certificate, "-url", party.OcspUrl, "-CAfile", party.Root, "-verify_other", party.Appliance.ChainFile)).MustSucceed();
        Assert.Contains("Response verify OK", result.Error, StringComparison.Ordinal);
        return result.Text.Contains(": good", StringComparison.Ordinal) ? "good" : result.Text.Contains(": revoked", StringComparison.Ordinal) ? "revoked" : result.Text;
    }

    private static async Task<string> SerialAsync(TwoTokenHome home, string certificate) => (await OpenSsl.FieldAsync(home.Room.Files, certificate, "-serial")).Trim().Split('=')[1];

    private static async Task<string> DoctorAsync(Appliance appliance) => Joined((await appliance.Cli.RunAsync("doctor")).Text);

    private static async Task<string> DoctorAsync(TwoTokenHome home) => Joined((await home.Room.RunAsync(null, "doctor")).Text);

    private static string Joined(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static async Task AuditAsync(Appliance appliance) => (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
}
