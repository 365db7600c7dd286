using AgentPki.Integration.Harness;
using AgentPki.Integration.Witnessing;

namespace AgentPki.Integration.Recovery;

/// <summary>A witness that has seen more of the log than the archive has: a restore asks it, says what is lost, and the witness adopts the epoch that owns up to it, and no other.</summary>
[Trait("tier", "full")]
public sealed class WitnessedRestoreTests
{
    private static readonly string[] Officers = ["alice", "bob"];

    [Fact]
    public async Task Restore_OfLessThanTheWitnessHasSeen_IsRefusedWithHowMany_AndAdoptedByItOnlyIfItOwnsUp()
    {
        await using var witness = await WitnessProcess.StartNewAsync();
        await using var disaster = await Disaster.PrepareAsync();
        await WitnessedLedgerTests.ConfigureAsync(disaster.Old, quorum: 0, witness);
        var origin = (await disaster.Old.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('+')[0];
        await disaster.BackUpAsync();
        var entries = new HomeStore(disaster.Old.Home).LedgerSize();
        for (var i = 0; i < 3; i++)
        {
            await EnrolledAgent.CreateAsync(disaster.Old, "lost");
        }

        await Eventually.TrueAsync(async () => (await witness.LastAsync(origin))?.Checkpoint.Size >= entries + 3, TimeSpan.FromSeconds(60), () => disaster.Old.Output);
        await disaster.StrikeAsync();
        var seen = (await witness.LastAsync(origin))!.Checkpoint.Size;
        var asked = new[] { "--witness", $"{witness.Url}={witness.Keys[0]}" };

        // It does not answer: whoever names it wants its answer; else it is said, and what is lost nobody knows.
        await witness.KillAsync();
        await using var silent = Appliance.Unmade();
        Assert.Contains("cannot be asked how far the log had gone", (await disaster.RestoreAsync(silent, disaster.Backup, Officers, asked)).MustFail().Error, StringComparison.Ordinal);
        Assert.Contains("cannot be asked how far the log had gone", (await disaster.RestoreAsync(silent, disaster.Backup, Officers)).MustSucceed().Text, StringComparison.Ordinal);
        await witness.StartAsync();
        await silent.StartAsync();
        Assert.Contains("entries are lost and not owned up to", (await AdoptAsync(witness, silent, disaster)).MustFail().Error, StringComparison.Ordinal);
        await silent.StopAsync();

        // It answers: named, or only because the archive's configuration names it. A key that is not its own is no witness.
        await using var restored = Appliance.Unmade();
        await using var stranger = await WitnessProcess.StartNewAsync("witness.test/w2");
        Assert.Contains("has not cosigned with the given key", (await disaster.RestoreAsync(restored, disaster.Backup, Officers, "--witness", $"{witness.Url}={stranger.Keys[0]}")).MustFail().Error, StringComparison.Ordinal);
        var lost = "";
        foreach (var arguments in (string[][])[asked, []])
        {
            var refused = (await disaster.RestoreAsync(restored, disaster.Backup, Officers, arguments)).MustFail().Error;
            Assert.Contains($"to {seen - 1} are lost", refused, StringComparison.Ordinal);
            Assert.False(Directory.Exists(restored.Home) && Directory.EnumerateFileSystemEntries(restored.Home).Any());
            lost = refused.Split("--accept-lost ")[1].Split(';')[0];
        }

        (await disaster.RestoreAsync(restored, disaster.Backup, Officers, [.. asked, "--accept-lost", lost])).MustSucceed();
        await restored.StartAsync();
        Assert.Contains($"to {seen - 1} of epoch 1", (await restored.Cli.VerifyAuditAsync()).MustSucceed().Text, StringComparison.Ordinal);

        // The witness knows the new epoch when its operator has adopted it, and cosigns it from then on; a later restore hears of it.
        var second = Assert.Single((await AdoptAsync(witness, restored, disaster)).MustSucceed().Text.Split('\n'), line => line.StartsWith("Watching", StringComparison.Ordinal));
        Assert.Contains($"{origin[..^1]}2", second, StringComparison.Ordinal);
        await EnrolledAgent.CreateAsync(restored, "watched");
        await Eventually.TrueAsync(async () => (await witness.LastAsync($"{origin[..^1]}2"))?.Checkpoint.Size > entries, TimeSpan.FromSeconds(60), () => $"{restored.Output}\n{witness.Output}");
        await restored.KillAsync();
        await using var third = Appliance.Unmade();
        (await disaster.RestoreAsync(third, disaster.Backup, Officers, [.. asked, "--accept-lost", lost])).MustSucceed();
        await third.StartAsync();
        Assert.Equal("0003", (await EnrolledAgent.CreateAsync(third, "third")).Serial[2..6]);
    }

    /// <summary>What the appliance's operator gives, and what the witness's types.</summary>
    private static async Task<ToolResult> AdoptAsync(WitnessProcess witness, Appliance appliance, Disaster disaster)
    {
        var keys = (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var begun = (await appliance.Cli.RunAsync("audit", "search", "--kind", "epochStarted")).MustSucceed().Text.Split('\n').Last(line => line.Contains("EpochStarted", StringComparison.Ordinal)).Trim().Split(' ')[0];
        var proof = disaster.Elsewhere($"{Path.GetRandomFileName()}.tlog-proof");
        (await appliance.Cli.RunAsync("audit", "prove", begun, "--details", "--to", proof)).MustSucceed();
        return await witness.RunAsync("adopt", keys[0], "--proof", proof, "--url", $"http://127.0.0.1:{appliance.HttpPort}{keys[0].Split('+')[0]["agentpki.internal".Length..]}", "--yes");
    }
}
