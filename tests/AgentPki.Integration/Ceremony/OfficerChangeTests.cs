using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>An officer leaves and another takes the office, by the script that is shipped.</summary>
[Trait("tier", "full")]
public sealed class OfficerChangeTests
{
    [Fact]
    public async Task Run_CarolLeavesAndDaveComes_HeOpensTheTokenAndSheDecidesNothing()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        await room.HoldAsync(room.Script("The first keys", """
            { step: initialise-token, token: softhsm, pin: quorum }
            { step: ledger-key }
            { step: root-ca, subject: "CN=Test Root,O=Test" }
            """));
        var dave = await room.InviteStrangerAsync("dave");
        await File.WriteAllBytesAsync(room.Files.File("dave.officer"), dave.Encode());
        File.Copy(Path.Combine(SourceTree.Root, "docs", "ceremonies", "officer-change.yaml"), room.Files.File("officer-change.yaml"));

        var evidence = await room.HoldAsync("officer-change.yaml");

        await evidence.VerifyAsync();
        Assert.Contains(evidence.Records, r => r.Contains("\nrecord: officer-accepted\n", StringComparison.Ordinal) && r.Contains("\nofficer: dave\n", StringComparison.Ordinal));

        // The officers as they were decide nothing any more.
        var stale = room.Script("As before", "{ step: root-crl }", "stale.yaml");
        await using (var refused = room.At(null, "ceremony", "run", stale))
        {
            Assert.NotEqual(0, await room.AttendAsync(refused));
            Assert.DoesNotContain("carol's key file", refused.Shown, StringComparison.Ordinal);
        }

        // Those who are officers now do, and Dave's share opens the token where Bob's would.
        await File.WriteAllTextAsync(room.Files.File("now.yaml"), (await File.ReadAllTextAsync(room.Files.File(stale))).Replace("carol.officer", "dave.officer", StringComparison.Ordinal));
        await using var terminal = room.At(null, "ceremony", "run", "now.yaml");
        Assert.True(await room.AttendAsync(terminal, question =>
        {
            var instead = question is { Asks: CeremonyAsks.Officer, Officer: "bob" };
            if (instead)
            {
                terminal.Type("dave");
            }

            return Task.FromResult(instead);
        }) == 0, terminal.Shown);
        var after = room.Evidence(terminal);
        await after.VerifyAsync();
        Assert.Contains(after.Records, r => r.Contains("\nrecord: step-approved\n", StringComparison.Ordinal) && r.Contains("\nofficer: dave\n", StringComparison.Ordinal));
        Assert.True(File.Exists(after.Artifact("root-1.crl")));
    }
}
