using AgentPki.Cryptography;
using AgentPki.Pkcs11.Wrapped;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Wrapped;

/// <summary>One wrapped key and its policy: unwrapped per signature or for a time, on its own or as half of a composite.</summary>
public sealed class WrappedKeyTests : WrappedFolderFixture
{
    private static SignatureAlgorithm Signature => KeyAlgorithm.MlDsa44.DefaultSignature;

    [Fact]
    public async Task SignAsync_PolicyOfOneSignature_UnwrapsEachTime()
    {
        await using var key = await MakeAsync("one");
        var before = Wrapper.Unwrapped;
        for (var i = 0; i < 3; i++)
        {
            var made = await key.SignAsync(Signature, Message, default);
            Assert.True(Software.Verify(key.PublicKey, Signature, Message, made));
        }

        Assert.Equal(3, Wrapper.Unwrapped - before);
        Assert.False(((TokenWrappedKey)key).IsOpen);
    }

    [Fact]
    public async Task SignAsync_PolicyOfAnHour_UnwrapsOnceUntilTheHourIsOver()
    {
        await (await MakeAsync("kept")).DisposeAsync();
        await using var key = (TokenWrappedKey)(await With(Wrapper, TimeSpan.FromHours(1)).OpenAsync("kept", default))!;
        var before = Wrapper.Unwrapped;
        var signatures = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(async () => await key.SignAsync(Signature, Message, default))));
        Assert.All(signatures, s => Assert.True(Software.Verify(key.PublicKey, Signature, Message, s)));
        Assert.Equal(1, Wrapper.Unwrapped - before);

        // Counted from the unwrapping: signatures do not prolong it.
        Clock.Advance(TimeSpan.FromMinutes(59));
        await key.SignAsync(Signature, Message, default);
        Assert.True(key.IsOpen);
        Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(key.IsOpen);
        await key.SignAsync(Signature, Message, default);
        Assert.Equal(2, Wrapper.Unwrapped - before);
    }

    [Fact]
    public async Task SignAsync_KeptKeyForgottenMeanwhile_SignaturesUnderWayAreFinished()
    {
        await (await MakeAsync("busy")).DisposeAsync();
        await using var key = (TokenWrappedKey)(await With(Wrapper, TimeSpan.FromSeconds(1)).OpenAsync("busy", default))!;
        var signing = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                var made = await key.SignAsync(Signature, Message, default);
                Assert.True(Software.Verify(key.PublicKey, Signature, Message, made));
            }
        })).ToArray();
        while (!Task.WhenAll(signing).IsCompleted)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Task.WhenAll(signing);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task SignAsync_DisposedKey_ThrowsAndKeepsNothing(int seconds)
    {
        await (await MakeAsync("gone")).DisposeAsync();
        var key = (TokenWrappedKey)(await With(Wrapper, TimeSpan.FromSeconds(seconds)).OpenAsync("gone", default))!;
        await key.SignAsync(Signature, Message, default);
        await key.DisposeAsync();
        await key.DisposeAsync();
        Assert.False(key.IsOpen);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await key.SignAsync(Signature, Message, default));
    }

    [Fact]
    public async Task SignAsync_TokenAway_SaysSoAndWorksAgainLater()
    {
        await using var key = await MakeAsync("away");
        Wrapper.Failure = new KeyUnavailableException("The token is away.", TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.SignAsync(Signature, Message, default));
        Wrapper.Failure = null;
        await key.SignAsync(Signature, Message, default);
    }

    [Fact]
    public async Task SignAsync_Cancelled_DoesNotBegin()
    {
        await using var key = await MakeAsync("cancelled");
        var before = Wrapper.Unwrapped;
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await key.SignAsync(Signature, Message, new CancellationToken(canceled: true)));
        Assert.Equal(before, Wrapper.Unwrapped);
    }

    [Fact]
    public async Task SignAsync_HalfOfAComposite_SignsWithTheLabelAsContextAndNothingElse()
    {
        await using var half = await MakeAsync("half", KeyPurpose.CompositeHalf);
        await using var whole = await MakeAsync("whole");
        var signature = SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa44EcdsaP256);
        var made = await half.SignAsync(signature, Message, default);
        Assert.True(Software.Verify(half.PublicKey, signature, Message, made));
        await Assert.ThrowsAsync<ArgumentException>(async () => await half.SignAsync(Signature, Message, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await whole.SignAsync(signature, Message, default));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(25 * 3600)]
    public void Constructor_PolicyOutOfRange_Throws(int seconds) => Assert.Throws<ArgumentException>(() => With(Wrapper, TimeSpan.FromSeconds(seconds)));
}
