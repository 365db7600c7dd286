using AgentPki.Authority.Acme;
using Xunit;

namespace AgentPki.Authority.Tests.Acme;

/// <summary>Turns for owners.</summary>
public sealed class OwnerQueueTests
{
    [Fact]
    public async Task Enter_AnotherOwnerWaits_IsNotHeldUpByIt()
    {
        var queue = new OwnerQueue(1, 100);
        using var first = await queue.EnterAsync("a", default);
        var waiting = Enumerable.Range(0, 50).Select(_ => queue.EnterAsync("a", default).AsTask()).ToList();

        var other = queue.EnterAsync("b", default);

        Assert.True(other.IsCompletedSuccessfully);
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
        (await other)!.Dispose();
        first!.Dispose();
        foreach (var turn in waiting)
        {
            (await turn)!.Dispose();
        }
    }

    [Fact]
    public async Task Enter_SameOwner_InTheOrderInWhichTheyCame()
    {
        var queue = new OwnerQueue(1, 100);
        var first = await queue.EnterAsync("a", default);
        var (second, third) = (queue.EnterAsync("a", default).AsTask(), queue.EnterAsync("a", default).AsTask());
        first!.Dispose();
        var turn = await second;
        Assert.False(third.IsCompleted);
        turn!.Dispose();
        (await third)!.Dispose();
    }

    [Fact]
    public async Task TryJoin_OwnersShareIsFull_IsRefused_AnotherOwnerIsNot_UntilOneLeaves()
    {
        var queue = new OwnerQueue(2, 3);
        var places = Enumerable.Range(0, 5).Select(_ => queue.TryJoin("a")).ToList();
        Assert.All(places, Assert.NotNull);

        Assert.Null(queue.TryJoin("a"));
        Assert.Null(await queue.EnterAsync("a", default));
        Assert.NotNull(queue.TryJoin("b"));
        places[0]!.Dispose();
        Assert.NotNull(queue.TryJoin("a"));
    }

    [Fact]
    public async Task Enter_GivenUpWhileWaiting_LeavesItsPlace()
    {
        var queue = new OwnerQueue(1, 1);
        var first = await queue.EnterAsync("a", default);
        using var patience = new CancellationTokenSource();
        var second = queue.EnterAsync("a", patience.Token).AsTask();
        Assert.Null(queue.TryJoin("a"));
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        var third = queue.EnterAsync("a", default).AsTask();
        first!.Dispose();
        Assert.NotNull(await third);
    }
}
