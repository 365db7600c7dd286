using AgentPki.Integration.Crash;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Recovery;

/// <summary>A backup that is killed, or whose disk is full: what is left is nobody's backup, the appliance serves, and the next backup is made.</summary>
[Trait("tier", "full")]
public sealed class InterruptedBackupTests
{
    private const int Killed = 137;
    private static readonly string[] Two = ["alice", "carol"];

    [Fact]
    public async Task Kill_TheCommandWhileItBringsTheBackup_TheApplianceServesAndTheNextIsMade()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var interruption = await Interruption.BuildAsync(disaster.Elsewhere);
        var target = Path.Combine(Directory.CreateDirectory(disaster.Elsewhere("usb")).FullName, "today.apb");
        foreach (var moment in (Moment[])[new("create /today.apb.part", 1), new("move /today.apb", 1), new("write /today.apb.part", 1)])
        {
            var killed = await disaster.Old.Cli.RunWithAsync(interruption.Kill(disaster.Elsewhere("usb"), moment), "backup", target);
            Assert.True(killed.ExitCode == Killed, $"{moment}: {killed.ExitCode} {killed.Error}");
            Assert.False(File.Exists(target));
            await EnrolledAgent.CreateAsync(disaster.Old, "meanwhile");
        }

        await RequireWorthlessAsync(disaster, target + ".part");
        await disaster.BackUpAsync(target);
        await RequireWholeAsync(disaster, target);
        Assert.False(File.Exists(target + ".part"));
    }

    [Fact]
    public async Task Kill_TheApplianceWhileItWritesABackupOrABase_WhatIsLeftIsNoBackup_AndTheNextIsMade()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var interruption = await Interruption.BuildAsync(disaster.Elsewhere);
        var backups = Path.Combine(disaster.Old.Home, "backups");
        await disaster.Old.StopAsync();
        await disaster.Old.StartAsync(interruption.Kill(backups, new Moment("write /", 3)));
        await EnrolledAgent.CreateAsync(disaster.Old, "before");
        (await disaster.Old.Cli.RunAsync("backup")).MustFail();
        Assert.Equal(Killed, await disaster.Old.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        await RequireWorthlessAsync(disaster, Assert.Single(Directory.GetFiles(backups)));

        // And so with the base of what is shipped: what is there of it is taken for nothing.
        await File.AppendAllTextAsync(Path.Combine(disaster.Old.Home, "agentpki.yaml"), $"\nbackup:\n  ship:\n    folder: {disaster.Shipped}\n", TestContext.Current.CancellationToken);
        disaster.Old.Launch(interruption.Kill(disaster.Shipped, new Moment("base.apb", 4)));
        Assert.Equal(Killed, await disaster.Old.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("nothing that was shipped whole", (await disaster.Old.Cli.RunAsync("backup", "show", disaster.Shipped)).MustFail().Error, StringComparison.Ordinal);

        await disaster.Old.StartAsync();
        await EnrolledAgent.CreateAsync(disaster.Old, "after");
        (await disaster.Old.Cli.RunAsync("backup")).MustSucceed();
        await RequireWholeAsync(disaster, Assert.Single(Directory.GetFiles(backups)));
        await RequireWholeAsync(disaster, disaster.Shipped);
        Assert.Single(Directory.EnumerateDirectories(Assert.Single(Directory.GetDirectories(disaster.Shipped))));
        (await disaster.Old.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task DiskFull_OfBackupsAndOfShipping_HoldsNothingUp_IsSaid_AndGoesOnWithoutAGap()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var (flag, shim) = (disaster.Elsewhere("full"), disaster.Elsewhere("nospace.so"));
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, Path.Combine(SourceTree.Foreign, "nospace.c"), "-ldl"])).MustSucceed();
        var disk = Directory.CreateDirectory(disaster.Elsewhere("disk")).FullName;
        var (shipped, backups) = (Path.Combine(disk, "shipped"), Path.Combine(disk, "backups"));
        await disaster.Old.StopAsync();
        await File.AppendAllTextAsync(Path.Combine(disaster.Old.Home, "agentpki.yaml"), $"\nbackup:\n  folder: {backups}\n  ship:\n    folder: {shipped}\n", TestContext.Current.CancellationToken);
        await disaster.Old.StartAsync(new Dictionary<string, string> { ["LD_PRELOAD"] = shim, ["NOSPACE_FLAG"] = flag, ["NOSPACE_UNDER"] = disk });
        await SaysAsync(disaster, shipping: "ok");

        await File.WriteAllTextAsync(flag, "", TestContext.Current.CancellationToken);
        var meanwhile = await EnrolledAgent.CreateAsync(disaster.Old, "meanwhile");
        Assert.Contains("could not be written", (await disaster.Old.Cli.RunAsync("backup")).MustFail().Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(backups));
        await SaysAsync(disaster, shipping: "No space left");
        Assert.Equal(System.Net.HttpStatusCode.OK, await disaster.Old.ReadyStatusAsync());

        File.Delete(flag);
        await SaysAsync(disaster, shipping: "ok");
        (await disaster.Old.Cli.RunAsync("backup")).MustSucceed();
        var late = await EnrolledAgent.CreateAsync(disaster.Old, "late");
        var before = new HomeStore(disaster.Old.Home).Certificates().Select(c => c.Serial).ToHashSet();
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken); // the recovery point of shipping is a second
        await disaster.StrikeAsync();

        await using var restored = Appliance.Unmade();
        (await disaster.RestoreAsync(restored, shipped, Two, "--head", disaster.Heads)).MustSucceed();
        await restored.StartAsync();
        Assert.Subset(new HomeStore(restored.Home).Certificates().Select(c => c.Serial).ToHashSet(), before);
        await meanwhile.RenewAsync(restored);
        await late.RenewAsync(restored);
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>With officers who would open it, nothing takes it for a backup.</summary>
    private static async Task RequireWorthlessAsync(Disaster disaster, string path)
    {
        Assert.EndsWith(".part", path, StringComparison.Ordinal);
        (await VerifyAsync(disaster, path)).MustFail();
        await using var other = Appliance.Unmade();
        Assert.Contains("Nothing was restored", (await disaster.RestoreAsync(other, path, Two)).MustFail().Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(other.Home) && Directory.EnumerateFileSystemEntries(other.Home).Any());
    }

    private static async Task RequireWholeAsync(Disaster disaster, string path) => Assert.Contains("Whole:", (await VerifyAsync(disaster, path)).MustSucceed().Text, StringComparison.Ordinal);

    private static Task<ToolResult> VerifyAsync(Disaster disaster, string path) => disaster.Old.Cli.TypeAsync(
        [.. Two.Select(o => System.Text.Encoding.UTF8.GetString(Testing.Fixtures.TestOfficers.PassphraseOf(o)))],
        ["backup", "verify", path, "--key", disaster.LedgerKey, .. Two.SelectMany(o => new[] { "--officer", $"{o}={disaster.KeyFile(o)}" })]);

    private static Task SaysAsync(Disaster disaster, string shipping)
    {
        var said = "";
        return Eventually.TrueAsync(
            async () => (said = string.Join('\n', (await disaster.Old.Cli.RunAsync("doctor")).Text.Split('\n').Where(l => l.Contains("shipping", StringComparison.Ordinal)))).Contains(shipping, StringComparison.Ordinal),
            TimeSpan.FromSeconds(90),
            () => $"doctor does not say '{shipping}' of shipping: {said}\n{disaster.Old.Output}");
    }
}
