using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;
using AgentPki.Integration.Migration;

namespace AgentPki.Integration.Runbooks;

/// <summary>A CA's key is in other hands: the runbook from its first line to its last.</summary>
[Trait("tier", "full")]
public sealed class CompromiseTests
{
    [Fact]
    public async Task IssuingCa_SuccessorRevocationAndReissue_OldCertificatesAreRefusedEverywhere()
    {
        await using var home = await RunbookHome.CreateAsync();
        var agent = await home.EnrollAsync();
        await home.StopAsync();

        home.First.Carry("issuing.der", "issuing.der");
        await home.CarryOutAsync("issuing-compromise.yaml");
        await home.RestoreAdministratorsAsync();

        await home.ServeAsync();
        var dry = await home.AdministerAsync("revoke", "--authority", "issuing", "--reason", "CaCompromise", "--dry-run");
        Assert.Contains(agent.Serial, dry, StringComparison.OrdinalIgnoreCase);
        Assert.Matches(@"[1-9]\d* revoked", await home.AdministerAsync("revoke", "--authority", "issuing", "--reason", "CaCompromise", "--confirm", "1"));

        // Re-enrolment refuses the old certificate; a new credential brings one of the new CA.
        Assert.NotEqual(200, await home.TryRenewAsync(agent));
        var again = await home.EnrollAsync();
        Assert.NotEqual(KeyIdOf(agent), KeyIdOf(again));

        // Whoever follows the chain of the old certificate with the root's CRL refuses it.
        var (leaf, _) = agent.Write(home.Files);
        var list = home.Files.File("root.crl");
        var answer = await home.Appliance.Http().ExchangeAsync(Requests.Get("/crl/root.crl"));
        await File.WriteAllBytesAsync(list, answer!.Body);
        (await OpenSsl.RunAsync(home.Files, "crl", "-inform", "DER", "-in", list, "-out", list + ".pem")).MustSucceed();
        var old = await PemAsync(home, home.First.Artifact("issuing.der"), "old-issuing.pem");
        var judged = await OpenSsl.RunAsync(home.Files, "verify", "-crl_check", "-CAfile", home.Appliance.AnchorsFile, "-CRLfile", list + ".pem", old);
        Assert.Contains("certificate revoked", judged.MustFail().Error, StringComparison.Ordinal);
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", home.Appliance.AnchorsFile, "-untrusted", old, leaf)).MustSucceed();

        // And the last line: its key is destroyed.
        await home.StopAsync();
        var digest = FactOf(home.First, "issuing-ca", "public-key-sha256");
        await home.HoldAsync("The old key", $"{{ step: key-destroy, label: issuing-ca, public-key-sha256: {digest}, still-used: yes }}");
        await home.ServeAsync();
        await home.EnrollAsync();
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task Root_NewRootAtOnce_TheOldAnchorFollowsNothingNewAndTheNewOneNothingOld()
    {
        await using var home = await RunbookHome.CreateAsync();
        var agent = await home.EnrollAsync();
        var (old, _) = agent.Write(home.Files);
        var oldAnchor = home.Files.File("old-anchor.pem");
        File.Copy(home.Appliance.AnchorsFile, oldAnchor);
        await home.StopAsync();

        await home.CarryOutAsync("root-compromise.yaml");

        await home.ServeAsync();
        var again = await home.EnrollAsync();
        var (leaf, _) = again.Write(home.Files);
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", oldAnchor, "-untrusted", home.Appliance.ChainFile, leaf)).MustFail();
        (await OpenSsl.RunAsync(home.Files, "verify", "-CAfile", home.Appliance.AnchorsFile, "-untrusted", home.Appliance.ChainFile, old)).MustFail();
        // Nothing that is given out makes the old key good again.
        Assert.False(File.Exists(Path.Combine(home.Room.Home, "anchors", "rollover.pem")));
        Assert.Equal(2, (await SuccessionCourse.GivenOutAsync(home.Appliance)).Count);
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static string FactOf(CeremonyEvidence evidence, string label, string name) =>
        evidence.Records.Single(r => r.Contains($"\nlabel: {label}\n", StringComparison.Ordinal) && r.Contains("\nrecord: key\n", StringComparison.Ordinal)).Split('\n').Single(l => l.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    private static string KeyIdOf(EnrolledAgent agent) => agent.Certificate.Extensions.Single(e => e.Oid?.Value == "2.5.29.35").Format(false);

    private static async Task<string> PemAsync(RunbookHome home, string der, string name)
    {
        (await OpenSsl.RunAsync(home.Files, "x509", "-in", der, "-out", name)).MustSucceed();
        return name;
    }
}
