using System.Text.RegularExpressions;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Integration.Harness;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Integration.Ceremony;

/// <summary>The scripts of docs/ceremonies work as they stand, and the walk-through names all of them.</summary>
public sealed partial class ShippedScriptTests
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "docs", "ceremonies");

    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Plan_ShippedScript_HasItsOfficersAndSteps(string script)
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol", "dave", "erin");
        await CarryAsync(room, script);

        var text = await File.ReadAllBytesAsync(Path.Combine(Folder, script), TestContext.Current.CancellationToken);
        var plan = CeremonyPlan.Make(ScriptReader.Read(script, text), room.Folder, "test-pki", false, "agentpki test", TestOfficers.Software, TimeProvider.System.GetUtcNow());

        Assert.True(CeremonyPlan.TryParse(plan.Encode(), TestOfficers.Software, out var again, out var problem), problem);
        Assert.Equal(plan.Sha256, again.Sha256);
        Assert.All(plan.Steps, step => Assert.NotEmpty(step.Kind.Describe(step)));
        Assert.Contains($"({script})", await File.ReadAllTextAsync(Path.Combine(Folder, "README.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact, Trait("tier", "full")]
    public async Task PlanCommand_EveryShippedScript_ShowsThePlan()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol", "dave", "erin");
        await room.InitAsync();
        foreach (var row in Scripts)
        {
            await CarryAsync(room, row);
            File.Copy(Path.Combine(Folder, row), room.Files.File(row), overwrite: true);
            Assert.Contains("The plan's digest", (await room.RunAsync(null, "ceremony", "plan", row)).MustSucceed().Text, StringComparison.Ordinal);
        }
    }

    [Fact, Trait("tier", "full")]
    public async Task WalkThrough_EveryCommand_Exists()
    {
        using var room = await CeremonyRoom.CreateAsync(2, "alice", "bob");
        var commands = Directory.EnumerateFiles(Folder).SelectMany(f => Command().Matches(File.ReadAllText(f))).Select(m => m.Groups[1].Value.TrimEnd()).Distinct().ToList();
        Assert.Contains("ceremony resume", commands);
        foreach (var command in commands)
        {
            (await room.RunAsync(null, [.. command.Split(' '), "--help"])).MustSucceed();
        }
    }

    /// <summary>What the script finds beside it: any octets, for a plan has their digest alone.</summary>
    private static async Task CarryAsync(CeremonyRoom room, string script)
    {
        foreach (Match file in Carried().Matches(await File.ReadAllTextAsync(Path.Combine(Folder, script))))
        {
            await File.WriteAllTextAsync(room.Files.File(file.Groups[1].Value), "carried");
        }
    }

    [GeneratedRegex(@"(?:request|certificate|issuer-certificate|crl): ([a-z-]+\.[a-z]+)")]
    private static partial Regex Carried();

    // The verb, and its own verb where it has some.
    [GeneratedRegex(@"agentpki ((?:ceremony|officer|admin|audit|backup) [a-z]+|[a-z]+)")]
    private static partial Regex Command();
}
