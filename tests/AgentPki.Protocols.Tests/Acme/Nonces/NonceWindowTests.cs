using AgentPki.Protocols.Acme.Nonces;

namespace AgentPki.Protocols.Tests.Acme.Nonces;

/// <summary>The bitmap alone, where nothing slow stands between two callers that want the same word.</summary>
public sealed class NonceWindowTests
{
    [Fact]
    public async Task GiveAndTake_ManyCallersAtOnce_GiveAndAcceptEachOnce()
    {
        const int Block = 4096;
        const int Blocks = 40;
        var window = new NonceWindow(1 << 21);
        var given = new int[1 << 21];
        var accepted = new int[Block * Blocks];
        await Together.RunAsync(barrier =>
        {
            for (var i = 0; i < Block * Blocks; i++)
            {
                Interlocked.Increment(ref given[window.Give()]);
            }

            for (var block = 0; block < Blocks; block++)
            {
                barrier.SignalAndWait();
                for (var i = block * Block; i < (block + 1) * Block; i++)
                {
                    if (window.Take(i + 1) == NonceVerdict.Accepted)
                    {
                        Interlocked.Increment(ref accepted[i]);
                    }
                }
            }
        });
        Assert.DoesNotContain(given, n => n > 1);
        Assert.DoesNotContain(accepted, n => n != 1);
    }

    [Fact]
    public async Task Take_WhileNumbersOfTheSameBitsAreGiven_AcceptsNoneTwice()
    {
        var window = new NonceWindow(64);
        var accepted = new int[1 << 22];
        await Together.RunAsync(_ =>
        {
            for (var i = 0; i < 200_000; i++)
            {
                var number = window.Give();
                for (var older = number; older > Math.Max(0, number - 70); older -= 9)
                {
                    if (window.Take(older) == NonceVerdict.Accepted)
                    {
                        Interlocked.Increment(ref accepted[older]);
                    }
                }
            }
        });
        Assert.DoesNotContain(accepted, n => n > 1);
    }
}
