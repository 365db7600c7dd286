using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Tests.Behaviour.Trace;
using Xunit;

namespace AgentPki.Agents.Tests.Behaviour;

/// <summary>The labelled trace, and the numbers that docs/watching.md publishes. The settings were chosen with another seed than this.</summary>
public sealed class EvaluationTests
{
    private const ulong PublishedSeed = 20260105;
    private const string Document = "docs/watching.md";
    private const string Begin = "<!-- evaluation: written by EvaluationTests -->\n";
    private const string End = "<!-- end of evaluation -->";

    [Fact, Trait("tier", "full")]
    public void Detectors_LabelledTrace_FindAsPublished()
    {
        var evaluation = Evaluation.Of(LabelledTrace.Generate(PublishedSeed), BehaviourSettings.Default);
        var numbers = evaluation.ToMarkdown();
        TestContext.Current.TestOutputHelper?.WriteLine($"{evaluation.Events} events\n{numbers}");

        // The floor, whatever is published.
        Assert.All((AttackKind[])[AttackKind.ScopeProbing, AttackKind.FanOut, AttackKind.Flood], kind => Assert.True(evaluation.Found(kind) >= 9, $"{kind}: {evaluation.Found(kind)}"));
        Assert.All((AttackKind[])[AttackKind.StolenCredential, AttackKind.Burst, AttackKind.Exfiltration], kind => Assert.True(evaluation.Found(kind) >= 6, $"{kind}: {evaluation.Found(kind)}"));
        Assert.All(Detectors.All, detector => Assert.True(evaluation.False(detector) <= 60, $"{detector}: {evaluation.False(detector)}"));

        var path = Path.Combine(Root(), Document);
        var text = File.ReadAllText(path);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("AGENTPKI_WRITE_WATCHING") == "1")
        {
            File.WriteAllText(path, text[..begin] + numbers + text[end..]);
            return;
        }

        Assert.True(text[begin..end] == numbers, $"{Document} does not publish what was measured. If the change is meant, run this test with AGENTPKI_WRITE_WATCHING=1 and commit the file.");
    }

    [Fact]
    public void Generate_SameSeed_SameTrace()
    {
        var (one, other) = (new TraceAgent("a", AgentKind.Assistant, 1, new Draw(3)), new TraceAgent("a", AgentKind.Assistant, 1, new Draw(3)));
        var monday = new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

        var day = one.NormalDay(monday, 0).ToArray();

        Assert.NotEmpty(day);
        Assert.Equal(day, other.NormalDay(monday, 0).ToArray());
        Assert.NotEqual(day, new TraceAgent("a", AgentKind.Assistant, 1, new Draw(4)).NormalDay(monday, 0).ToArray());
    }

    [Theory, Trait("tier", "full")]
    [InlineData(1)]
    [InlineData(2)]
    public void Detectors_OtherSeeds_Numbers(ulong seed)
    {
        var evaluation = Evaluation.Of(LabelledTrace.Generate(seed), BehaviourSettings.Default);
        TestContext.Current.TestOutputHelper?.WriteLine($"{evaluation.Events} events\n{evaluation.ToMarkdown()}");
        Assert.All(Detectors.All, detector => Assert.True(evaluation.False(detector) <= 60, $"{detector}: {evaluation.False(detector)}"));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("the tests run outside of the tree");
    }
}
