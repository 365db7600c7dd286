using AgentPki.Server.Doctor;
using Xunit;
using Half = AgentPki.Server.Doctor.MirrorChecks.Half;

namespace AgentPki.Server.Tests.Doctor;

/// <summary>What <c>doctor</c> says of a token and its second.</summary>
public sealed class MirrorChecksTests
{
    [Fact]
    public void Judge_BothSign_IsOkAndNamesTheFirst()
    {
        var finding = Judge(new Half("one") { Signs = { "issuing" } }, new Half("two") { Signs = { "issuing" } });
        Assert.Equal((Verdict.Ok, "one signs now; both have the key of issuing, and what each signs verifies"), (finding.Verdict, finding.Detail));
    }

    [Fact]
    public void Judge_SecondLacksAKey_IsAWarningThatNamesIt()
    {
        var finding = Judge(new Half("one") { Signs = { "issuing", "root" } }, new Half("two") { Signs = { "issuing" }, Lacks = { "root" } });
        Assert.Equal((Verdict.Warn, "one signs now; two signs as issuing, and it verifies; it lacks the key of root"), (finding.Verdict, finding.Detail));
        Assert.Contains("What root signs waits", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_OneIsAway_NamesTheOneThatSigns()
    {
        var first = Judge(new Half("one", "gone."), new Half("two") { Signs = { "issuing" } });
        Assert.Equal((Verdict.Warn, "two signs now, for one is away: gone. two signs as issuing, and it verifies"), (first.Verdict, first.Detail));
        var second = Judge(new Half("one") { Signs = { "issuing" } }, new Half("two", "gone."));
        Assert.Equal((Verdict.Warn, "one signs now, alone: two is away: gone. one signs as issuing, and it verifies"), (second.Verdict, second.Detail));
    }

    [Fact]
    public void Judge_NeitherIsThereOrOneHasAnotherKey_Fails()
    {
        Assert.Equal(Verdict.Fail, Judge(new Half("one", "gone."), new Half("two", "gone.")).Verdict);
        var wrong = Judge(new Half("one") { Signs = { "issuing" } }, new Half("two") { Wrong = { "issuing" } });
        Assert.Equal((Verdict.Fail, "two has another key of issuing than the certificate"), (wrong.Verdict, wrong.Detail));
    }

    private static Finding Judge(Half first, Half second) => Assert.Single(MirrorChecks.Judge("tokens one and two", first, second));
}
