using AgentPki.Pkcs11.Sessions;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Sessions;

public sealed class OperationQueueTests
{
    [Fact]
    public void TryEnqueue_Full_IsFalseAndRoomComesBack()
    {
        var queue = new OperationQueue(2);
        Assert.True(queue.TryEnqueue(new Nothing()));
        Assert.True(queue.TryEnqueue(new Nothing()));
        Assert.False(queue.TryEnqueue(new Nothing()));
        Assert.True(queue.TryTake(out _, () => false));
        Assert.True(queue.TryEnqueue(new Nothing()));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public async Task TryTake_ManyProducersAndConsumers_EveryOperationOnce()
    {
        const int producers = 4, consumers = 3, each = 20_000;
        var queue = new OperationQueue(producers * each);
        var taken = new int[producers * each];
        var threads = Enumerable.Range(0, consumers).Select(_ => new Thread(() =>
        {
            while (queue.TryTake(out var operation, () => false))
            {
                Interlocked.Increment(ref taken[((Nothing)operation).Number]);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        await Task.WhenAll(Enumerable.Range(0, producers).Select(p => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                Assert.True(queue.TryEnqueue(new Nothing { Number = (p * each) + i }));
                if (i % 1000 == 0)
                {
                    Thread.Sleep(1); // lets consumers fall asleep, so that waking them is tried, too
                }
            }
        })));
        queue.Close();
        Assert.All(threads, t => Assert.True(t.Join(TimeSpan.FromSeconds(30))));
        Assert.All(taken, n => Assert.Equal(1, n));
        Assert.False(queue.TryEnqueue(new Nothing()));
    }

    private sealed class Nothing() : TokenOperation<bool>("nothing", TimeSpan.FromSeconds(1))
    {
        public int Number { get; init; }

        protected override bool Execute(TokenSession session) => true;
    }
}
