using System.Diagnostics;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Recovery;

/// <summary>Officers whose keys lie on cards open a backup, at a terminal, and sign the new epoch with them.</summary>
[Trait("tier", "full")]
public sealed class OfficerCardTests
{
    private const string Pin = "12345678";

    [Fact]
    public async Task Restore_ByCards_AndByACardAndAFile_OpensTheBackup()
    {
        await using var disaster = await Disaster.PrepareAsync();
        var cards = await CardsAsync(disaster, "alice", "bob");
        var made = await disaster.BackUpAsync();
        Assert.Contains("2 of alice, bob, carol", made.Text, StringComparison.Ordinal);
        var agent = await EnrolledAgent.CreateAsync(disaster.Old, "early");
        await disaster.BackUpAsync(disaster.Elsewhere("second.apb"));

        var (whole, verified) = await AtAsync(disaster.Old, cards, Pin, Pin, ["backup", "verify", disaster.Backup, "--officer", "alice=card softhsm alice", "--officer", "bob=card softhsm bob"]);
        Assert.True(whole == 0 && verified.Contains("Whole:", StringComparison.Ordinal), verified);
        await disaster.StrikeAsync();

        await using var restored = Appliance.Unmade();
        string[] restore = ["restore", disaster.Elsewhere("second.apb"), "--home", restored.Home, "--key", disaster.LedgerKey, "--pin", disaster.Pin];

        // A wrong PIN, and somebody else's card, are told apart.
        var (code, shown) = await AtAsync(restored, cards, "87654321", null, [.. restore, "--officer", "alice=card softhsm alice", "--officer", "bob=card softhsm bob"]);
        Assert.True(code != 0 && shown.Contains("The card of alice does not open", StringComparison.Ordinal), shown);
        (code, shown) = await AtAsync(restored, cards, Pin, null, [.. restore, "--officer", "alice=card softhsm bob", "--officer", "bob=card softhsm bob"]);
        Assert.True(code != 0 && shown.Contains("not the card of alice", StringComparison.Ordinal), shown);

        (code, shown) = await AtAsync(restored, cards, Pin, CeremonyRoom.PassphraseOf("carol"), [.. restore, "--officer", "alice=card softhsm alice", "--officer", $"carol={disaster.KeyFile("carol")}"]);
        Assert.True(code == 0, shown);
        await restored.StartAsync();
        Assert.Equal("0002", (await agent.RenewAsync(restored)).Serial[2..6]);
        Assert.Contains("officers=alice, carol", (await restored.Cli.RunAsync("audit", "show", "--limit", "50")).MustSucceed().Text, StringComparison.Ordinal);
        (await restored.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>Makes these officers' keys anew, on cards; the appliance seals its backups to them from now on.</summary>
    /// <returns>The folder beside which the cards are.</returns>
    private static async Task<string> CardsAsync(Disaster disaster, params string[] officers)
    {
        var folder = disaster.Elsewhere("cards");
        Directory.CreateDirectory(Path.Combine(folder, "tokens"));
        await File.WriteAllTextAsync(Path.Combine(folder, "util.conf"), $"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n");
        foreach (var officer in officers)
        {
            (await Tool.RunAsync("softhsm2-util", ["--init-token", "--free", "--label", officer, "--pin", Pin, "--so-pin", "11223344"], environment: new Dictionary<string, string> { ["SOFTHSM2_CONF"] = Path.Combine(folder, "util.conf") })).MustSucceed();
            var (code, shown) = await AtAsync(disaster.Old, folder, Pin, null, ["officer", "new", officer, "--full-name", $"{officer} Example", "--card", $"softhsm {officer}", "--out", folder]);
            Assert.True(code == 0, shown);
            File.Copy(Path.Combine(folder, $"{officer}.officer"), Path.Combine(disaster.Old.Home, "officers", $"{officer}.officer"), overwrite: true);
        }

        return folder;
    }

    /// <summary>A command at a terminal, the home being the folder with the cards; what it asks for is typed.</summary>
    private static async Task<(int ExitCode, string Shown)> AtAsync(Appliance appliance, string cards, string first, string? second, string[] arguments)
    {
        ProcessStartInfo command = appliance.Command(arguments, new Dictionary<string, string> { ["AGENTPKI_HOME"] = cards });
        await using var terminal = PseudoTerminal.Start(command);
        await terminal.ExpectAsync("(PIN of|passphrase of)");
        terminal.Type(first);
        if (second is not null)
        {
            await terminal.ExpectAsync("(PIN of|passphrase of)");
            terminal.Type(second);
        }

        return (await terminal.EndAsync(), terminal.Shown);
    }
}
