using AgentPki.Protocols.Admin;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Protocols.Tests.Admin;

public sealed class RevocationTallyTests
{
    [Fact]
    public void TryTake_WithinAnHour_AddsUpEachPersonsOwn()
    {
        var (tally, time) = (new RevocationTally(), new FakeTimeProvider());
        Assert.True(tally.TryTake("alice", 60, 100, time));
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.False(tally.TryTake("alice", 41, 100, time));
        Assert.True(tally.TryTake("alice", 40, 100, time)); // what was refused was not taken
        Assert.True(tally.TryTake("bob", 100, 100, time));
        Assert.False(tally.TryTake("bob", 1, 100, time));
    }

    [Fact]
    public void TryTake_AfterAnHour_ForgetsWhatIsOlder()
    {
        var (tally, time) = (new RevocationTally(), new FakeTimeProvider());
        Assert.True(tally.TryTake("alice", 60, 100, time));
        time.Advance(TimeSpan.FromMinutes(40));
        Assert.True(tally.TryTake("alice", 40, 100, time));
        time.Advance(TimeSpan.FromMinutes(21));
        Assert.False(tally.TryTake("alice", 61, 100, time));
        Assert.True(tally.TryTake("alice", 60, 100, time));
    }
}
