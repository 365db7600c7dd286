using System.Numerics;
using AgentPki.Integration.Crash;
using AgentPki.Integration.Harness;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Integration.Recovery;

/// <summary>The drill of docs/recovery.md: the machine is gone, and another goes on with its log, its CAs and its agents.</summary>
public sealed class DrillTests
{
    [Fact]
    [Trait("tier", "full")]
    public async Task Drill_BackupUnderLoadThenTheMachineIsGone_AnotherGoesOn()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var agent = await EnrolledAgent.CreateAsync(disaster.Old, "early");
        var storm = EnrollmentStorm.Start(disaster.Old, clients: 4);
        await Eventually.TrueAsync(() => Task.FromResult(storm.Received > 20), TimeSpan.FromSeconds(60), () => "nobody enrols");
        var made = await disaster.BackUpAsync();
        var atBackup = storm.Received;
        await Eventually.TrueAsync(() => Task.FromResult(storm.Received > atBackup + 20), TimeSpan.FromSeconds(60), () => "nobody enrols after the backup");
        var late = await EnrolledAgent.CreateAsync(disaster.Old, "late");
        var oldNumber = await CrlNumberAsync(disaster.Old);
        await disaster.StrikeAsync();
        var received = await storm.StopAsync();
        Assert.Contains("2 of alice, bob, carol", made.Text, StringComparison.Ordinal);

        await using var restored = Appliance.Unmade();

        // The log had gone further than the backup: said, with how far, and nothing is made before that is accepted.
        var refused = (await disaster.RestoreAsync(restored, disaster.Backup, ["alice", "carol"], "--head", disaster.Heads)).MustFail();
        Assert.Contains("are lost", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(restored.Home) && Directory.EnumerateFileSystemEntries(restored.Home).Any());
        var count = refused.Error.Split("--accept-lost ")[1].Split(';')[0];
        (await disaster.RestoreAsync(restored, disaster.Backup, ["alice", "carol"], "--head", disaster.Heads, "--accept-lost", count)).MustSucceed();

        await restored.StartAsync();
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();

        // No serial number of the first life comes again; the second life's say so themselves.
        var old = received.Select(c => c.SerialNumber).Append(agent.Serial).Append(late.Serial).ToHashSet();
        var after = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => EnrolledAgent.CreateAsync(restored, "second-life")));
        Assert.All(after, a => Assert.DoesNotContain(a.Serial, old));
        Assert.All(old, serial => Assert.Equal("0001", serial[2..6]));
        Assert.All(after, a => Assert.Equal("0002", a.Serial[2..6]));
        Assert.True(await CrlNumberAsync(restored) > oldNumber);

        // An agent of before the backup renews. One of after it is not known here, and is told what that may mean.
        var renewed = await agent.RenewAsync(restored);
        Assert.Equal("0002", renewed.Serial[2..6]);
        var stranger = await restored.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), late.Name)), late.Certificate);
        Assert.Equal(401, stranger!.Status);

        // Adopted, it is: at the agent's next renewal it is as if nothing had been.
        var kept = Path.Combine(Path.GetDirectoryName(disaster.Pin)!, "late.pem");
        await File.WriteAllTextAsync(kept, late.Certificate.ExportCertificatePem());
        (await restored.Cli.RunAsync("adopt", kept)).MustFail();
        Assert.Contains("1 certificates", (await restored.Cli.RunAsync("adopt", kept, "--owner", "tests")).MustSucceed().Text, StringComparison.Ordinal);
        await late.RenewAsync(restored);
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();

        var shown = (await restored.Cli.RunAsync("audit", "show", "--limit", "200")).MustSucceed().Text;
        Assert.Contains("officers=alice, carol", shown, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Drill_WithWhatWasShipped_LosesNothingThatWasShipped()
    {
        await using var disaster = await Disaster.PrepareAsync(shipping: true);
        var storm = EnrollmentStorm.Start(disaster.Old, clients: 4);
        await Eventually.TrueAsync(() => Task.FromResult(storm.Received > 50), TimeSpan.FromSeconds(60), () => "nobody enrols");
        var late = await EnrolledAgent.CreateAsync(disaster.Old, "late");
        await storm.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(4)); // the recovery point of shipping is a second
        var before = new HomeStore(disaster.Old.Home).Certificates().Select(c => c.Serial).ToHashSet();
        await disaster.StrikeAsync();

        await using var restored = Appliance.Unmade();
        (await disaster.RestoreAsync(restored, disaster.Shipped, ["bob", "carol"], "--head", disaster.Heads)).MustSucceed();
        await restored.StartAsync();
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
        Assert.Subset(new HomeStore(restored.Home).Certificates().Select(c => c.Serial).ToHashSet(), before);
        await late.RenewAsync(restored);

        // The second life ships its own epoch; the first, were it to come back, would find that.
        await Eventually.TrueAsync(
            () => Task.FromResult(Directory.EnumerateDirectories(disaster.Shipped).SelectMany(Directory.EnumerateDirectories).Any(d => Path.GetFileName(d).StartsWith("00002-", StringComparison.Ordinal))),
            TimeSpan.FromSeconds(30),
            () => "the second life ships nothing");
    }

    private static async Task<BigInteger> CrlNumberAsync(Appliance appliance)
    {
        var answer = await appliance.Http().ExchangeAsync(Requests.Get("/crl/issuing.crl"));
        Assert.Equal(200, answer!.Status);
        return CertificateList.Parse(answer.Body).Number ?? 0;
    }
}
