using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Recovery;

/// <summary>A restore that is killed, or whose disk is full, at any of its steps: the next one, in the same place, makes the home; nothing half is ever served.</summary>
[Trait("tier", "full")]
public sealed class InterruptedRestoreTests
{
    private const int Killed = 137;
    private static readonly string[] Officers = ["alice", "carol"];

    [Fact]
    public async Task Kill_AtEveryKindOfStep_TheNextRestoreInTheSamePlaceMakesTheHome()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var agent = await EnrolledAgent.CreateAsync(disaster.Old, "early");
        await disaster.BackUpAsync();
        await disaster.StrikeAsync();
        var interruption = await Interruption.BuildAsync(disaster.Elsewhere);

        // What a restore does, step by step.
        await using var counted = Appliance.Unmade();
        (await disaster.RestoreWithAsync(interruption.Log(counted.Home, disaster.Elsewhere("steps")), counted, disaster.Backup, Officers)).MustSucceed();
        var steps = await File.ReadAllLinesAsync(disaster.Elsewhere("steps"), TestContext.Current.CancellationToken);
        int Count(string text) => steps.Count(s => s.Contains(text, StringComparison.Ordinal));
        var (writes, moves) = (Count("write /.restoring/data/agentpki.db"), Count("move /"));
        Assert.True(writes > 20 && moves > 3 && steps[^2] == "move /agentpki.yaml", string.Join('\n', steps));

        await using var restored = Appliance.Unmade();
        Moment[] moments =
        [
            new("mkdir /.restoring", 1), new("write /.restoring/agentpki.yaml", 1), new("write /.restoring/data/agentpki.db", 1), new("write /.restoring/data/agentpki.db", writes / 2),
            new("write /.restoring/data/agentpki.db", writes - 1), new("move /", 1), new("move /", moves - 1), new("move /agentpki.yaml", 1),
        ];
        foreach (var moment in moments)
        {
            var killed = await disaster.RestoreWithAsync(interruption.Kill(restored.Home, moment), restored, disaster.Backup, Officers);
            Assert.True(killed.ExitCode == Killed, $"{moment}: {killed.ExitCode} {killed.Text} {killed.Error}");
            Assert.False(File.Exists(Path.Combine(restored.Home, "agentpki.yaml")), $"{moment}");
        }

        // Nothing of it is served.
        (await restored.Cli.RunAsync("serve")).MustFail();
        await RestoreWhateverWasLostAsync(disaster, restored);
        Assert.False(Directory.Exists(Path.Combine(restored.Home, ".restoring")));
        await restored.StartAsync();
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
        Assert.Equal("0002", (await agent.RenewAsync(restored)).Serial[2..6]);

        // Behind the last step but one the home is whole; what the operator did not see he is told.
        await using var late = Appliance.Unmade();
        Assert.Equal(Killed, (await disaster.RestoreWithAsync(interruption.Kill(late.Home, new Moment("rmdir /.restoring", 1)), late, disaster.Backup, Officers)).ExitCode);
        Assert.Contains("holds a whole restored home already", (await disaster.RestoreAsync(late, disaster.Backup, Officers)).MustFail().Error, StringComparison.Ordinal);
        await restored.StopAsync();
        await late.StartAsync();
        (await late.Cli.VerifyAuditAsync()).MustSucceed();
        await agent.RenewAsync(late);
    }

    [Fact]
    public async Task DiskFull_AtEveryKindOfStep_IsSaid_LeavesNothing_AndTheNextRestoreMakesTheHome()
    {
        await using var disaster = await Disaster.PrepareAsync();
        await EnrolledAgent.CreateAsync(disaster.Old, "early");
        await disaster.BackUpAsync();
        await disaster.StrikeAsync();
        var interruption = await Interruption.BuildAsync(disaster.Elsewhere);
        await using var restored = Appliance.Unmade();
        foreach (var moment in (Moment[])[new("mkdir /.restoring", 1), new("write /.restoring/profiles", 1), new("write /.restoring/data/agentpki.db", 1), new("write /.restoring/data/agentpki.db", 20), new("create /.restoring/data/agentpki.db", 2)])
        {
            var full = (await disaster.RestoreWithAsync(interruption.Full(restored.Home, moment), restored, disaster.Backup, Officers)).MustFail();
            Assert.True(full.ExitCode != Killed && (full.Error.Contains("No space", StringComparison.Ordinal) || full.Error.Contains("full", StringComparison.Ordinal)), $"{moment}: {full.ExitCode} {full.Error}");
            Assert.True(full.Error.Contains("begins anew", StringComparison.Ordinal) || full.Error.Contains("Make its parent folder writable", StringComparison.Ordinal), full.Error);
            Assert.Empty(Directory.Exists(restored.Home) ? Directory.GetFileSystemEntries(restored.Home) : []);
        }

        (await disaster.RestoreAsync(restored, disaster.Backup, Officers)).MustSucceed();
        await restored.StartAsync();
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>The old log may have had an entry after the backup, or none.</summary>
    private static async Task RestoreWhateverWasLostAsync(Disaster disaster, Appliance restored)
    {
        var first = await disaster.RestoreAsync(restored, disaster.Backup, Officers, "--head", disaster.Heads);
        if (first.ExitCode != 0)
        {
            var lost = first.Error.Split("--accept-lost ")[1].Split(';')[0];
            (await disaster.RestoreAsync(restored, disaster.Backup, Officers, "--head", disaster.Heads, "--accept-lost", lost)).MustSucceed();
        }
    }
}
