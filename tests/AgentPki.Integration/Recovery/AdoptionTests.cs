using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Integration.Governance;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Integration.Recovery;

/// <summary>What a restore has lost and others have kept comes back: revocations by a CRL, and in a production home nothing of it by one person alone.</summary>
[Trait("tier", "full")]
public sealed class AdoptionTests
{
    private const int Waits = 6;

    [Fact]
    public async Task CertificateList_OfAfterTheBackup_MakesItsRevocationsTrueAgain()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var old = disaster.Old;
        var (before, after, good) = (await EnrolledAgent.CreateAsync(old, "before"), await EnrolledAgent.CreateAsync(old, "after"), await EnrolledAgent.CreateAsync(old, "good"));
        await old.Cli.RevokeAsync(before.Serial);
        await disaster.BackUpAsync();
        await old.Cli.RevokeAsync(after.Serial);
        var unknown = await EnrolledAgent.CreateAsync(old, "unknown");
        await old.Cli.RevokeAsync(unknown.Serial);
        var list = disaster.Elsewhere("issuing.crl");
        await Eventually.TrueAsync(async () =>
            {
                await File.WriteAllBytesAsync(list, await ListAsync(old));
                return Revoked(list).Contains(unknown.Serial);
            }, TimeSpan.FromSeconds(60), () => "the CRL does not list the last revocation");
        Assert.Superset(new HashSet<string> { before.Serial, after.Serial, unknown.Serial }, Revoked(list));
        await disaster.StrikeAsync();

        // The dangerous half: it is good again, renews, and is on no list.
        await using var restored = Appliance.Unmade();
        (await disaster.RestoreAsync(restored, disaster.Backup, ["alice", "bob"])).MustSucceed();
        await restored.StartAsync();
        Assert.DoesNotContain(after.Serial, new HomeStore(restored.Home).Revocations().Keys);
        Assert.Equal(200, await RenewalStatusAsync(restored, after));

        // A list of somebody else, or a changed one, is believed by nobody.
        var changed = await File.ReadAllBytesAsync(list);
        changed[^1] ^= 1;
        await File.WriteAllBytesAsync(disaster.Elsewhere("changed.crl"), changed);
        Assert.Contains("not signed by a CA of this appliance", (await restored.Cli.RunAsync("adopt", disaster.Elsewhere("changed.crl"))).MustFail().Error, StringComparison.Ordinal);

        var told = (await restored.Cli.RunAsync("adopt", list)).MustSucceed().Text;
        Assert.Contains("0 certificates and 1 revocations adopted; 1 were known; 1 revocations are of certificates that are not known here", told, StringComparison.Ordinal);
        Assert.Equal([before.Serial, after.Serial], new HomeStore(restored.Home).Revocations().Keys.Where(s => s == before.Serial || s == after.Serial).OrderBy(s => s == after.Serial));
        Assert.Equal(403, await RenewalStatusAsync(restored, after));
        Assert.Equal(200, await RenewalStatusAsync(restored, good));
        await Eventually.TrueAsync(async () =>
            {
                await File.WriteAllBytesAsync(disaster.Elsewhere("new.crl"), await ListAsync(restored));
                return Revoked(disaster.Elsewhere("new.crl")).Contains(after.Serial);
            }, TimeSpan.FromSeconds(60), () => "the new CRL does not list the adopted revocation");

        // Once is enough. The date is the old one's: it was revoked then.
        Assert.Contains("0 revocations adopted; 2 were known", (await restored.Cli.RunAsync("adopt", list)).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Equal(DateOf(list, after.Serial), DateOf(disaster.Elsewhere("new.crl"), after.Serial));
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task ProductionHome_AdoptsNothingThatASecondPersonHasNotApproved()
    {
        await using var old = await ProductionHome.StartNewAsync("alice", "bob");
        using var elsewhere = new TempFolder();
        var officers = await TestOfficers.CreateAsync(2, "ann", "ben", "cy");
        Directory.CreateDirectory(Path.Combine(old.Home, "officers"));
        foreach (var officer in officers.Roster.Officers)
        {
            await File.WriteAllBytesAsync(Path.Combine(old.Home, "officers", $"{officer.Name}.officer"), officer.Encode());
            await File.WriteAllTextAsync(elsewhere.File($"{officer.Name}.key"), officers.FileOf(officer.Name));
        }

        var credential = (await old.AsAsync("alice", "credential", "new", "--owner", "tests", "--uses", "0")).MustSucceed().Text.Split('\n').Select(l => l.Trim()).Single(l => l.Contains(':', StringComparison.Ordinal) && !l.Contains(' ', StringComparison.Ordinal));
        (await old.AsAsync("alice", "backup", elsewhere.File("backup.apb"))).MustSucceed();
        var (late, lateToo) = (await EnrollAsync(old, credential), await EnrollAsync(old, credential));
        await File.WriteAllTextAsync(elsewhere.File("late.pem"), late.ExportCertificatePem() + "\n" + lateToo.ExportCertificatePem());
        await File.WriteAllBytesAsync(elsewhere.File("issuing.crl"), (await new RawClient(old.HttpPort, null).ExchangeAsync(Requests.Get("/crl/issuing.crl")))!.Body);

        // Not restored: nobody needs to look at it.
        Assert.Contains("was never restored", (await old.AsAsync("alice", "adopt", elsewhere.File("late.pem"))).MustFail().Error, StringComparison.Ordinal);
        await old.KillAsync();

        // The keys have no backup of their own here: their token is connected to the new machine.
        await using var restored = ProductionHome.Unmade();
        (await restored.RunAsync(
            $"{PassphraseOf("ann")}\n{PassphraseOf("ben")}\n",
            ["restore", elsewhere.File("backup.apb"), "--home", restored.Home, "--pin", Path.Combine(old.Home, "secrets", "pin"), "--officer", $"ann={elsewhere.File("ann.key")}", "--officer", $"ben={elsewhere.File("ben.key")}"])).MustSucceed();
        (await Tool.RunAsync("cp", ["-a", Path.Combine(old.Home, "tokens"), restored.Home])).MustSucceed();
        foreach (var name in (string[])["alice.pem", "bob.pem"])
        {
            File.Copy(old.File(name), restored.File(name));
        }

        await restored.StartAsync();
        foreach (var file in (string[])["late.pem", "issuing.crl"])
        {
            var asked = await restored.AsAsync("alice", "adopt", elsewhere.File(file), "--owner", "tests");
            Assert.True(asked.ExitCode == Waits, $"{asked.ExitCode} {asked.Text} {asked.Error}");
        }

        // Both certificates and the CRL are requests of their own; nothing of them is done.
        var waiting = (await restored.AsAsync("bob", "request", "list")).MustSucceed().Text.Split('\n').Where(l => l.Contains("POST /adoptions", StringComparison.Ordinal)).Select(l => l.Split(' ')[0]).ToList();
        Assert.Equal(3, waiting.Count);
        Assert.DoesNotContain(late.SerialNumber, Serials(restored));
        Assert.Contains("asked for himself", (await restored.AsAsync("alice", "request", "approve", waiting[0])).MustFail().Error, StringComparison.Ordinal);
        foreach (var id in waiting)
        {
            (await restored.AsAsync("bob", "request", "approve", id)).MustSucceed();
        }

        Assert.Superset(new HashSet<string> { late.SerialNumber, lateToo.SerialNumber }, Serials(restored));
        Assert.Contains("admin:alice+bob", (await restored.AsAsync("bob", "audit", "show", "--limit", "20")).MustSucceed().Text, StringComparison.Ordinal);
        await restored.KillAsync();
        (await restored.RunAsync("audit", "verify")).MustSucceed();
    }

    private static string PassphraseOf(string officer) => Encoding.UTF8.GetString(TestOfficers.PassphraseOf(officer));

    private static HashSet<string> Serials(ProductionHome home) => [.. new HomeStore(home.Home).Certificates().Select(c => c.Serial)];

    private static async Task<X509Certificate2> EnrollAsync(ProductionHome home, string credential)
    {
        var anchors = new X509Certificate2Collection();
        anchors.ImportFromPemFile(Path.Combine(home.Home, "anchors", "root.pem"));
        return EnrolledAgent.Issued(await new RawClient(home.HttpsPort, anchors).ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("late")), Requests.Basic(credential))));
    }

    private static async Task<byte[]> ListAsync(Appliance appliance)
    {
        var answer = await appliance.Http().ExchangeAsync(Requests.Get("/crl/issuing.crl"));
        Assert.Equal(200, answer!.Status);
        return answer.Body;
    }

    private static HashSet<string> Revoked(string file) => [.. CertificateList.Parse(File.ReadAllBytes(file)).Entries.Select(e => Convert.ToHexString(e.SerialNumber.ToArray()))];

    private static DateTimeOffset DateOf(string file, string serial) => CertificateList.Parse(File.ReadAllBytes(file)).Entries.Single(e => Convert.ToHexString(e.SerialNumber.ToArray()) == serial).RevocationDate;

    private static async Task<int> RenewalStatusAsync(Appliance appliance, EnrolledAgent agent) =>
        (await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate))!.Status;
}
