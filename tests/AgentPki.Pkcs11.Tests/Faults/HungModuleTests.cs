using AgentPki.Cryptography;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>A module that does not come back from a call: callers are freed at their deadline, and the damage is bounded.</summary>
public sealed class HungModuleTests(FaultyModule module) : FaultTestBase(module)
{
    [Fact]
    public async Task SignAsync_OneCallHangs_CallerIsFreedAndOthersGoOn()
    {
        var (provider, key) = await KeyAsync(Module.Token(sessions: 2, deadline: 0.5));
        Module.Hang("C_Sign", times: 1);
        var failure = await AssertUnavailable(key);
        Assert.Contains("did not come back", failure.Message, StringComparison.Ordinal);
        await Eventually.True(() => provider.Health.Stuck == 1, "the stuck thread is written off");
        for (var i = 0; i < 8; i++)
        {
            await AssertSigns(key);
        }

        Module.Reset();
        await Eventually.True(() => provider.Health.Stuck == 0, "the call came back and its thread ended");
        await AssertSigns(key);
    }

    [Fact]
    public async Task SignAsync_EveryCallHangs_StuckThreadsAreBoundedAndItRecovers()
    {
        var (provider, key) = await KeyAsync(Module.Token(sessions: 2, deadline: 0.3));
        Module.Hang("C_Sign");
        Module.Hang("C_SignInit");
        for (var round = 0; round < 20 && provider.IsHealthy; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => AssertUnavailable(key))));
        }

        Assert.False(provider.IsHealthy);
        await Eventually.True(() => provider.Health.Stuck >= 2, "threads are stuck");
        await Task.Delay(1500, Cancel); // several rounds of recovery against a module that hangs
        Assert.InRange(provider.Health.Stuck, 2, 4);
        Module.Reset();
        await Eventually.True(() => provider.IsHealthy && provider.Health.Stuck == 0, "all came back");
        await AssertSigns(key);
    }

    [Fact]
    public async Task SignAsync_NoSessionFree_FailsAtTheDeadlineAndSaysSo()
    {
        // Long enough that the second is queued before the first is given up, on a loaded machine too: its session is replaced then.
        var (_, key) = await KeyAsync(Module.Token(sessions: 1, deadline: 2));
        Module.Hang("C_Sign", times: 1);
        var first = AssertUnavailable(key);
        var second = await AssertUnavailable(key);
        await first;
        Assert.Contains("No session was free", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignAsync_CancelledWhileQueued_IsCancelledAtOnce()
    {
        var (_, key) = await KeyAsync(Module.Token(sessions: 1, deadline: 20));
        Module.Hang("C_Sign", times: 1);
        var before = Module.Count("C_Sign");
        var begun = key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel).AsTask();
        await Eventually.True(() => Module.Count("C_Sign") > before, "the first has begun");
        using var cancellation = new CancellationTokenSource();
        var queued = key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Module.Reset();
        Assert.NotEmpty(await begun);
    }

    [Fact]
    public async Task SignAsync_CancelledAfterItBegan_IsFinished()
    {
        var (_, key) = await KeyAsync(Module.Token(sessions: 1, deadline: 20));
        Module.Hang("C_Sign", times: 1);
        var before = Module.Count("C_Sign");
        using var cancellation = new CancellationTokenSource();
        var begun = key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, cancellation.Token).AsTask();
        await Eventually.True(() => Module.Count("C_Sign") > before, "it has begun");
        await cancellation.CancelAsync();
        Module.Reset();
        Assert.NotEmpty(await begun);
    }

    [Fact]
    public async Task GenerateAsync_CallerGaveUp_KeyIsDestroyedWhenTheCallComesBack()
    {
        var options = Module.Token(deadline: 1) with { GenerationDeadline = TimeSpan.FromSeconds(0.3) };
        var provider = await OpenAsync(options);
        Module.Hang("C_GenerateKeyPair", times: 1);
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await provider.GenerateAsync(new("late", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), Cancel));
        Module.Reset();
        await Eventually.True(() => provider.Health.Stuck == 0, "the call came back");
        Assert.Null(await provider.OpenAsync("late", Cancel));
    }

    [Fact]
    public async Task DisposeAsync_CallHangs_ComesBack()
    {
        var (provider, key) = await KeyAsync(Module.Token(sessions: 2, deadline: 0.3));
        Module.Hang("C_Sign", times: 1);
        await AssertUnavailable(key);
        await provider.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel));
    }
}
