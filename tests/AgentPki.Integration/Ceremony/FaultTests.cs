using System.Security.Cryptography;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>What may happen to a ceremony from outside: a process that is killed, a script, a plan or a token that is another than before.</summary>
[Trait("tier", "full")]
public sealed class FaultTests
{
    private const string Steps = """
        { step: initialise-token, token: softhsm, pin: quorum }
        { step: ledger-key }
        { step: root-ca, subject: "CN=Test Root,O=Test" }
        { step: issuing-ca, subject: "CN=Test Issuing,O=Test" }
        """;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 200)]
    [InlineData(1, 800)]
    [InlineData(3, 0)]
    [InlineData(3, 200)]
    [InlineData(3, 300)]
    [InlineData(3, 400)]
    [InlineData(3, 1000)]
    [InlineData(4, 500)]
    public async Task Run_KilledInTheMiddleOfAStep_IsTakenUpAndVerifies(int step, int milliseconds)
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol");
        await room.InitAsync();
        await using var first = room.At(null, "ceremony", "run", room.Script("Killed", Steps));
        var passphrases = 0;
        _ = await room.AttendAsync(first, async question =>
        {
            // Two for the plan, two for each step: the last one of this step sets it off.
            if (question.Asks != CeremonyAsks.Passphrase || ++passphrases != 2 * (step + 1))
            {
                return false;
            }

            first.Type(CeremonyRoom.PassphraseOf(question.Officer));
            await first.ExpectAsync(@"has approved \(2 of 2\)");
            await Task.Delay(milliseconds);
            first.Kill();
            return true;
        });

        await using var second = room.At(null, "ceremony", "resume", CeremonyRoom.IdOf(first));
        Assert.True(await room.AttendAsync(second) == 0, second.Shown);
        var evidence = room.Evidence(first);
        await evidence.VerifyAsync();
        Assert.Contains(evidence.Records, r => r.Contains("resumed", StringComparison.Ordinal));
        // One key for each purpose, however often it was begun.
        Assert.Single(Directory.EnumerateFiles(Path.Combine(evidence.Folder, "artifacts"), "*root.der"));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(evidence.Folder, "artifacts"), "*issuing.der"));
    }

    [Fact]
    public async Task Resume_ScriptChangedMeanwhile_IsRefusedUntilItIsPutBack()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        await room.InitAsync();
        var evidence = await StopAtStepAsync(room, 2);
        var script = Path.Combine(evidence.Folder, "script.yaml");
        var text = await File.ReadAllTextAsync(script);
        await File.WriteAllTextAsync(script, text.Replace("Test Root", "Best Root", StringComparison.Ordinal));

        await using (var refused = room.At(null, "ceremony", "resume", evidence.Id))
        {
            Assert.Equal(4, await room.AttendAsync(refused));
            Assert.Contains("Plan or script were changed", refused.Shown, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(script, text);
        await FinishAsync(room, evidence);
    }

    [Fact]
    public async Task Resume_AnotherTokenPutIn_StopsUntilTheFirstIsBack()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        var other = room.Files.File("other-home");
        await room.InitAsync();
        await room.InitAsync(home: other);
        var evidence = await StopAtStepAsync(room, 3);
        await room.HoldAsync(room.Script("Another", "{ step: initialise-token, token: softhsm, pin: quorum }\n{ step: ledger-key }", "other.yaml"), other);
        var (own, strange, aside) = (Path.Combine(room.Home, "tokens"), Path.Combine(other, "tokens"), room.Files.File("tokens-aside"));
        Directory.Move(own, aside);
        Directory.Move(strange, own);

        await using (var stopped = room.At(null, "ceremony", "resume", evidence.Id))
        {
            Assert.Equal(1, await room.AttendAsync(stopped));
            Assert.Contains("It was exchanged", stopped.Shown, StringComparison.Ordinal);
        }

        Directory.Delete(own, recursive: true);
        Directory.Move(aside, own);
        await FinishAsync(room, evidence);
    }

    [Fact]
    public async Task Run_PlanOfAnotherHomeOrAnotherScriptOrTwice_IsRefused()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        var other = room.Files.File("other-home");
        await room.InitAsync();
        await room.InitAsync("other-pki", other);
        var script = room.Script("Once", "{ step: initialise-token, token: softhsm, pin: quorum }\n{ step: ledger-key }");
        var planned = (await room.RunAsync(null, "ceremony", "plan", script, "--out", "once.plan")).MustSucceed().Text;
        Assert.Contains("The plan is in once.plan", planned, StringComparison.Ordinal);

        Assert.Contains("is for the appliance 'test-pki'", await RefusedAsync(room, other, script), StringComparison.Ordinal);
        Assert.Contains("not the one that the plan was made of", await RefusedAsync(room, null, room.Script("Once", "{ step: ledger-key }", "changed.yaml")), StringComparison.Ordinal);
        await using (var first = room.At(null, "ceremony", "run", script, "--plan", "once.plan"))
        {
            Assert.True(await room.AttendAsync(first) == 0, first.Shown);
            await room.Evidence(first).VerifyAsync();
        }

        Assert.Contains("a plan is carried out once", await RefusedAsync(room, null, script), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Rehearsal_LeavesTheHomeAsItWas()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        await room.InitAsync();
        var script = room.Script("A rehearsal", Steps);
        var before = Contents(room.Home);
        await using (var rehearsal = room.At(null, "ceremony", "run", script, "--rehearse"))
        {
            Assert.True(await room.AttendAsync(rehearsal) == 0, rehearsal.Shown);
            Assert.Contains("REHEARSAL of a ceremony: A rehearsal", rehearsal.Shown, StringComparison.Ordinal);
            await room.Evidence(rehearsal, Path.Combine(room.Home, "rehearsal")).VerifyAsync();
        }

        Assert.Equal(before, Contents(room.Home));
        await (await room.HoldAsync(script)).VerifyAsync();
    }

    /// <summary>Holds a ceremony up to a step, where the people leave.</summary>
    private static async Task<CeremonyEvidence> StopAtStepAsync(CeremonyRoom room, int step)
    {
        await using var terminal = room.At(null, "ceremony", "run", room.Script("Stopped", Steps));
        var code = await room.AttendAsync(terminal, question =>
        {
            var now = question.What.Contains($"approve step {step}:", StringComparison.Ordinal);
            if (now)
            {
                terminal.Type("stop");
            }

            return Task.FromResult(now);
        });
        Assert.True(code == 1, terminal.Shown);
        return room.Evidence(terminal);
    }

    private static async Task FinishAsync(CeremonyRoom room, CeremonyEvidence evidence)
    {
        await using var terminal = room.At(null, "ceremony", "resume", evidence.Id);
        Assert.True(await room.AttendAsync(terminal) == 0, terminal.Shown);
        await evidence.VerifyAsync();
    }

    private static async Task<string> RefusedAsync(CeremonyRoom room, string? home, string script)
    {
        await using var terminal = room.At(home, "ceremony", "run", script, "--plan", "once.plan");
        Assert.Equal(4, await room.AttendAsync(terminal));
        return string.Join(' ', terminal.Shown.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Every file of a home and its digest, without the rehearsal's own folder and the log, which says that there was one.</summary>
    private static SortedDictionary<string, string> Contents(string home) => new(
        Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories)
            .Where(f => !f.StartsWith(Path.Combine(home, "rehearsal") + "/", StringComparison.Ordinal) && !f.StartsWith(Path.Combine(home, "log") + "/", StringComparison.Ordinal))
            .ToDictionary(f => f, f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))),
        StringComparer.Ordinal);
}
