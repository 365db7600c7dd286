using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

/// <summary>Ceremonies that are cut off, in every place, and taken up again; people who come and who do not.</summary>
public sealed class CeremonyFaultTests
{
    private const string Short = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
          - { step: root-ca, subject: "CN=R" }
        """;

    [Fact]
    public async Task ResumeAsync_RoomLeftAfterEachApproval_ComesToTheEnd()
    {
        using var ceremony = await CreateAsync();
        var asked = 0;
        // Two of three times somebody comes; then the room is empty.
        ceremony.Room.Next = request => ++asked % 3 == 0 ? null : Come(ceremony, request);
        var outcome = await ceremony.RunAsync(ceremony.Plan(Short));
        for (var tries = 0; outcome == CeremonyOutcome.Stopped && tries < 20; tries++)
        {
            outcome = await ceremony.ResumeAsync();
        }

        Assert.Equal(CeremonyOutcome.Closed, outcome);
        AssertVerified(ceremony);
        Assert.Contains(ceremony.Verify().Records, r => r.Kind == RecordKinds.Note && r["what"] == "the people in the room stopped here");
    }

    [Fact]
    public async Task ResumeAsync_KilledAtEachRequest_ComesToTheEnd()
    {
        using var ceremony = await CreateAsync();
        var (asked, last) = (0, 0);
        // The process ends at each request once: what was asked for before was answered.
        ceremony.Room.Next = request => ++asked > last ? throw new KilledException() : Come(ceremony, request);
        var plan = ceremony.Plan(Short);
        var kills = 0;
        CeremonyOutcome? outcome = null;
        while (outcome is null && kills < 60)
        {
            (asked, last) = (0, last + 1);
            try
            {
                outcome = File.Exists(ceremony.Folder.Plan) ? await ceremony.ResumeAsync() : await ceremony.RunAsync(plan);
            }
            catch (KilledException)
            {
                kills++;
            }
        }

        Assert.Equal(CeremonyOutcome.Closed, outcome);
        Assert.InRange(kills, 3, 59);
        AssertVerified(ceremony);
    }

    [Fact]
    public async Task ResumeAsync_KilledBetweenFileAndRecord_LeavesNothingBehind()
    {
        using var ceremony = await CreateAsync();
        LeaveAt(ceremony, 4);
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(ceremony.Plan(Short)));
        var folder = ceremony.Folder;
        var next = Directory.EnumerateFiles(folder.Records, "*.txt").Count();
        // A statement without its record, a record without its text, an artifact that no record names, and what was being written.
        File.WriteAllText(Path.Combine(folder.Statements, $"{next:D6}-alice.sig"), "x");
        File.WriteAllText(Path.Combine(folder.Statements, $"{next:D6}-alice.txt"), "x");
        File.WriteAllText(Path.Combine(folder.Statements, "close-alice.sig"), "x");
        File.WriteAllText(folder.RecordSignature(next), "x");
        File.WriteAllText(folder.Record(next) + ".new", "x");
        File.WriteAllText(Path.Combine(folder.Artifacts, "root.der"), "x");
        File.WriteAllText(folder.Minutes + ".new", "x");
        ceremony.Room.Next = null;
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories), p => p.EndsWith(".new", StringComparison.Ordinal) || p.EndsWith("close-alice.sig", StringComparison.Ordinal) != File.Exists(Path.Combine(folder.Statements, "close-alice.txt")) && p.EndsWith("close-alice.sig", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, "initialise")]
    [InlineData(2, "open")]
    [InlineData(3, "open")]
    [InlineData(3, "generate")]
    [InlineData(3, "sign")]
    public async Task ResumeAsync_TokenFailedInAStep_TriesThatStepAgain(int step, string where)
    {
        using var ceremony = await CreateAsync();
        var failures = 0;
        bool Now() => ceremony.Room.Heard.LastOrDefault(h => h.StartsWith("step ", StringComparison.Ordinal)) == $"step {step}" && failures++ == 0;
        ceremony.Home.Fault = where is "initialise" or "open" ? () => Fail(Now()) : () => ceremony.Home.Keys.IsGone = where == "generate" && Now();
        ceremony.Home.Keys.BeforeSign = where == "sign" ? _ =>
        {
            Fail(Now());
            return Task.CompletedTask;
        } : null;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(ceremony.Plan(Short)));
        var warning = Assert.Single(ceremony.Room.Warnings);
        Assert.Contains($"Step {step} stopped: The token is gone (test)", warning, StringComparison.Ordinal);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
        Assert.Contains(ceremony.Verify().Records, r => r.Kind == RecordKinds.StepStopped && r["step"] == $"{step}");
        Assert.Single(await ((AgentPki.Authority.Store.IAuthorityStore)ceremony.Store).ListAsync(default));

        static void Fail(bool now)
        {
            if (now)
            {
                throw new KeyUnavailableException("The token is gone (test).", TimeSpan.Zero);
            }
        }
    }

    [Fact]
    public async Task ResumeAsync_LedgerCannotTakeTheEnd_EndsAgain()
    {
        using var ceremony = await CreateAsync();
        // The last opening is that for the ledger's entry.
        ceremony.Home.Fault = () =>
        {
            if (File.Exists(ceremony.Folder.Minutes))
            {
                throw new KeyUnavailableException("The token is gone (test).", TimeSpan.Zero);
            }
        };
        var failure = await Assert.ThrowsAsync<CeremonyException>(() => ceremony.RunAsync(ceremony.Plan(Short)));
        Assert.Contains("The ledger cannot take the end of the ceremony", failure.Message, StringComparison.Ordinal);
        Assert.False(ceremony.Verify().IsGood);
        ceremony.Home.Fault = null;
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
        Assert.Equal(2, ceremony.Verify().Records.Count(r => r.Kind == RecordKinds.Closed));
    }

    [Fact]
    public async Task ResumeAsync_TokenExchanged_StopsTheStep()
    {
        using var ceremony = await CreateAsync();
        LeaveAt(ceremony, 6);
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(ceremony.Plan(Short)));
        (ceremony.Room.Next, ceremony.Home.SerialNumber) = (null, "0002");
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.ResumeAsync());
        Assert.Contains("has the serial number 0002; earlier in this ceremony it had 0001. It was exchanged", Assert.Single(ceremony.Room.Warnings), StringComparison.Ordinal);
        ceremony.Home.SerialNumber = "0001";
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
    }

    [Fact]
    public async Task ResumeAsync_SharesOfAnotherCeremony_AreRefused()
    {
        using var ceremony = await CreateAsync();
        LeaveAt(ceremony, 5);
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(ceremony.Plan(Short)));
        var right = ceremony.Home.FindSealedPin("main", securityOfficer: false)!;
        ceremony.Home.KeepSealedPin("main", false, await SealedSecret.SealAsync("000000000000"u8.ToArray(), right.Purpose, ceremony.Officers.Roster, TestOfficers.Software, default));
        ceremony.Room.Next = null;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.ResumeAsync());
        Assert.Contains("refuses the PIN", Assert.Single(ceremony.Room.Warnings), StringComparison.Ordinal);
        ceremony.Home.KeepSealedPin("main", false, right);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
    }

    [Theory]
    [InlineData("script", "Plan or script were changed")]
    [InlineData("plan", "Plan or script were changed")]
    [InlineData("plan unreadable", "cannot be read")]
    [InlineData("record", "is not as it was written")]
    [InlineData("record removed", "is not as it was written")]
    [InlineData("key", "nothing can be added to it any more")]
    [InlineData("all", "There is no ceremony in")]
    [InlineData("records", "ended before its first record")]
    public async Task ResumeAsync_SomethingChanged_IsRefused(string what, string reason)
    {
        using var ceremony = await CreateAsync();
        LeaveAt(ceremony, 4);
        var plan = ceremony.Plan(Short);
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(plan));
        var folder = ceremony.Folder;
        switch (what)
        {
            case "script":
                File.AppendAllText(folder.Script, "# more\n");
                break;
            case "plan":
                File.WriteAllBytes(folder.Plan, (plan with { Title = "Another" }).Encode());
                break;
            case "plan unreadable":
                File.AppendAllText(folder.Plan, "more: x\n");
                break;
            case "record":
                File.WriteAllText(folder.Record(2), File.ReadAllText(folder.Record(2)).Replace("bob", "eve", StringComparison.Ordinal));
                break;
            case "record removed":
                File.Delete(folder.Record(2));
                break;
            case "key":
                File.Delete(ceremony.Setting.KeyFile);
                break;
            case "all":
                Directory.Delete(folder.Root, recursive: true);
                break;
            default:
                Directory.Delete(folder.Records, recursive: true);
                Directory.CreateDirectory(folder.Records);
                break;
        }

        var failure = await Assert.ThrowsAsync<CeremonyException>(ceremony.ResumeAsync);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResumeAsync_AfterTheEnd_IsRefused()
    {
        using var ceremony = await CreateAsync();
        var plan = ceremony.Plan(Short);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(plan));
        Assert.Contains("the ceremony was closed", (await Assert.ThrowsAsync<CeremonyException>(ceremony.ResumeAsync)).Message, StringComparison.Ordinal);
        Assert.Contains("a plan is carried out once", (await Assert.ThrowsAsync<CeremonyException>(() => ceremony.RunAsync(plan))).Message, StringComparison.Ordinal);
        AssertVerified(ceremony);
    }

    [Theory]
    [InlineData("home", "The plan is for the appliance")]
    [InlineData("software", "The plan was made by")]
    [InlineData("script", "The script is not the one that the plan was made of")]
    public async Task RunAsync_PlanOfSomethingElse_IsRefused(string what, string reason)
    {
        using var ceremony = await CreateAsync();
        var plan = ceremony.Plan(Short);
        plan = what switch
        {
            "home" => plan with { Home = "another" },
            "software" => plan with { Software = "agentpki older" },
            _ => plan with { ScriptSha256 = new string('0', 64) },
        };
        Assert.Contains(reason, (await Assert.ThrowsAsync<CeremonyException>(() => ceremony.RunAsync(plan))).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(ceremony.Folder.Root));
    }

    [Fact]
    public async Task RunAsync_OneOfTwoOfficersAbsent_Stops()
    {
        using var ceremony = await CreateAsync();
        ceremony.Room.Next = request => request.Have.Count == 0 ? ceremony.Officers.Open("alice") : null;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAsync(ceremony.Plan(Short)));
        Assert.DoesNotContain("step 1", ceremony.Room.Heard);
        Assert.Contains(ceremony.Verify().Findings, f => f.Text.Contains("the ceremony is not closed: 0 of 3 steps are done", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_SameOfficerTwice_IsToldAndDoesNotCount()
    {
        using var ceremony = await CreateAsync();
        // Everybody is asked by turns, and alice comes twice each time.
        ceremony.Room.Next = request => ceremony.Officers.Open(ceremony.Room.Requests.Count % 2 == 0 ? "alice" : request.Roster.Officers.First(o => !request.Have.Contains(o.Name)).Name);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(ceremony.Plan(Short)));
        Assert.Contains(ceremony.Room.Warnings, w => w.Contains("alice counts already: a second officer is needed", StringComparison.Ordinal));
        AssertVerified(ceremony);
    }

    [Fact]
    public async Task RunAsync_OfficerOfAnotherRoster_DoesNotCount()
    {
        using var ceremony = await CreateAsync();
        var others = await TestOfficers.CreateAsync(2, "alice", "mallory");
        var strangers = new Queue<string>(["alice", "mallory"]);
        ceremony.Room.Next = request => strangers.TryDequeue(out var name) ? others.Open(name) : Come(ceremony, request);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(ceremony.Plan(Short)));
        Assert.Equal(2, ceremony.Room.Warnings.Count);
        Assert.Contains("the statement of alice names another key than the roster", ceremony.Room.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("'mallory' is no officer of this roster", ceremony.Room.Warnings[1], StringComparison.Ordinal);
        AssertVerified(ceremony);
    }

    [Fact]
    public async Task RunAsync_EnvelopeThatDoesNotOpen_StopsAndCanBeResumed()
    {
        using var ceremony = await CreateAsync();
        var isLost = true;
        ceremony.Room.Next = request =>
        {
            var key = Come(ceremony, request);
            return isLost && ceremony.Room.Heard[^1].StartsWith("Token 'main' opens", StringComparison.Ordinal) ? new OfficerKey(key.Officer, ceremony.Officers.SigningKeyOf(key.Officer.Name), (_, _) => ValueTask.FromResult<byte[]?>(null), key.DisposeAsync) : key;
        };
        var failure = await Assert.ThrowsAsync<CeremonyException>(() => ceremony.RunAsync(ceremony.Plan(Short)));
        Assert.Contains("does not open with this key", failure.Message, StringComparison.Ordinal);
        isLost = false;
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        AssertVerified(ceremony);
    }

    [Fact]
    public async Task RunAsync_ClockSetBack_IsRemarkedAndInTheMinutes()
    {
        var clock = new SettableTimeProvider(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
        using var ceremony = new TestCeremony(await TestOfficers.CreateAsync(2, KeyAlgorithm.EcdsaP256, "alice", "bob", "carol"), clock);
        ceremony.Room.Next = request =>
        {
            if (ceremony.Room.Requests.Count == 4)
            {
                clock.Turn(TimeSpan.FromHours(-1));
            }

            return Come(ceremony, request);
        };
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(ceremony.Plan(Short)));
        var report = ceremony.Verify();
        Assert.True(report.IsGood);
        Assert.Contains("the clock was set back before record", Assert.Single(report.Findings).Text, StringComparison.Ordinal);
        Assert.Contains("The clock was set back before record", await File.ReadAllTextAsync(ceremony.Folder.Minutes, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<TestCeremony> CreateAsync() => new(await TestOfficers.CreateAsync(2, KeyAlgorithm.EcdsaP256, "alice", "bob", "carol"), TimeProvider.System);

    private static OfficerKey Come(TestCeremony ceremony, OfficerRequest request) => ceremony.Officers.Open(request.Roster.Officers.First(o => !request.Have.Contains(o.Name)).Name);

    /// <summary>The room is empty at that request, from 1.</summary>
    private static void LeaveAt(TestCeremony ceremony, int asked) => ceremony.Room.Next = request => ceremony.Room.Requests.Count == asked ? null : Come(ceremony, request);

    private static void AssertVerified(TestCeremony ceremony) => Assert.Equal([], ceremony.Verify().Findings.Where(f => f.IsProblem).Select(f => f.Text));

    private sealed class KilledException : Exception;
}
