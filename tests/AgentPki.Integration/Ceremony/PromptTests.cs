using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>What goes wrong between people and the terminal: each mistake is said, nothing is lost, and the ceremony goes on.</summary>
public sealed class PromptTests
{
    private const string Steps = """
        { step: initialise-token, token: softhsm, pin: quorum }
        { step: ledger-key }
        """;

    [Fact]
    public async Task Run_MistakesAndAStop_AreSaidAndTheCeremonyIsTakenUpAgain()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        await room.InviteStrangerAsync("mallory");
        CeremonyEvidence evidence;
        await using (var first = room.At(null, "ceremony", "run", room.Script("Mistakes", Steps)))
        {
            // alice mistypes, and names bob's file; somebody comes who is no officer; alice comes twice; then they leave.
            var turns = new Queue<Func<CeremonyAsks, string?>>([
                asks => asks == CeremonyAsks.Officer ? "mallory" : null,
                asks => asks == CeremonyAsks.Officer ? "alice" : null,
                asks => asks == CeremonyAsks.KeyFile ? "" : null,
                asks => asks == CeremonyAsks.Passphrase ? "not her passphrase" : null,
                asks => asks == CeremonyAsks.KeyFile ? "bob.key" : null,
                asks => asks == CeremonyAsks.Passphrase ? CeremonyRoom.PassphraseOf("bob") : null,
                asks => asks == CeremonyAsks.KeyFile ? "mallory.key" : null,
                asks => asks == CeremonyAsks.Passphrase ? CeremonyRoom.PassphraseOf("mallory") : null,
                asks => asks == CeremonyAsks.Officer ? "alice" : null,
                asks => asks == CeremonyAsks.KeyFile ? "alice.key" : null,
                asks => asks == CeremonyAsks.Passphrase ? CeremonyRoom.PassphraseOf("alice") : null,
                asks => asks == CeremonyAsks.Officer ? "alice" : null,
                asks => asks == CeremonyAsks.Officer ? "stop" : null,
            ]);
            var code = await room.AttendAsync(first, question =>
            {
                Assert.NotEmpty(turns);
                var answer = turns.Dequeue()(question.Asks);
                Assert.True(answer is not null, $"{turns.Count} before the end: {question}\n{first.Shown}");
                first.Type(answer);
                return Task.FromResult(true);
            });

            Assert.Equal(1, code);
            Assert.Empty(turns);
            Assert.Contains("'mallory' is no officer of this ceremony: alice, bob, carol", first.Shown, StringComparison.Ordinal);
            Assert.Contains("the passphrase does not open the file", first.Shown, StringComparison.Ordinal);
            Assert.Equal(2, first.Shown.Split("as the roster has them").Length - 1);
            Assert.Contains("Alice Example has done it already", first.Shown, StringComparison.Ordinal);
            Assert.Contains("nothing is lost", first.Shown, StringComparison.Ordinal);
            evidence = room.Evidence(first);
        }

        Assert.Contains("stopped", (await room.RunAsync(null, "ceremony", "list")).MustSucceed().Text, StringComparison.Ordinal);
        await using var second = room.At(null, "ceremony", "resume", evidence.Id);
        Assert.True(await room.AttendAsync(second) == 0, second.Shown);
        await evidence.VerifyAsync();
        Assert.Contains("closed", (await room.RunAsync(null, "ceremony", "list")).MustSucceed().Text, StringComparison.Ordinal);
        AssertNoPassphraseAnywhere(room, second.Shown);
    }

    [Fact]
    public async Task Run_NoTerminal_IsRefusedBeforeAnythingIsAsked()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        await room.InitAsync();
        var refused = (await room.RunAsync(null, "ceremony", "run", room.Script("No terminal", Steps))).MustFail();
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("standard input is none", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(room.Home, "ceremonies")) && Directory.EnumerateFileSystemEntries(Path.Combine(room.Home, "ceremonies")).Any());
    }

    [Theory, Trait("tier", "full")]
    [InlineData("Officer")]
    [InlineData("Passphrase")]
    public async Task Run_CtrlCAtAPrompt_EndsWithEchoAndIsTakenUpAgain(string where)
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        await using var first = room.At(null, "ceremony", "run", room.Script("Ctrl-C", Steps));
        var code = await room.AttendAsync(first, question =>
        {
            var now = question.Asks.ToString() == where && question.Number > 3;
            if (now)
            {
                Assert.Equal(where != "Passphrase", first.Echoes);
                first.Interrupt();
            }

            return Task.FromResult(now);
        });

        Assert.Equal(130, code);
        Assert.True(first.Echoes, "the terminal does not show any more what is typed");
        await using var second = room.At(null, "ceremony", "resume", CeremonyRoom.IdOf(first));
        Assert.True(await room.AttendAsync(second) == 0, second.Shown);
        await room.Evidence(first).VerifyAsync();
        AssertNoPassphraseAnywhere(room, first.Shown + second.Shown);
    }

    /// <summary>Neither shown nor kept: in no file of the home, the log among them.</summary>
    private static void AssertNoPassphraseAnywhere(CeremonyRoom room, string shown)
    {
        foreach (var passphrase in room.Names.Select(CeremonyRoom.PassphraseOf))
        {
            Assert.DoesNotContain(passphrase, shown, StringComparison.Ordinal);
            var octets = System.Text.Encoding.UTF8.GetBytes(passphrase);
            Assert.All(Directory.EnumerateFiles(room.Home, "*", SearchOption.AllDirectories), file => Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(octets) < 0, file));
        }
    }
}
