using AgentPki.Pkcs11.Sessions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Sessions;

public sealed class TokenBreakerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TokenBreaker _breaker;

    public TokenBreakerTests() => _breaker = new(_time, failuresToOpen: 3, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4));

    [Fact]
    public void Failed_FewerThanTheLimitInARow_StaysClosed()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.False(_breaker.Failed("no"));
            Assert.False(_breaker.Failed("no"));
            _breaker.Succeeded();
        }

        Assert.Equal(BreakerState.Closed, _breaker.State);
        Assert.Null(_breaker.Reason);
    }

    [Fact]
    public void Failed_LimitReached_OpensOnceAndKeepsTheReason()
    {
        Open();
        Assert.Equal("third", _breaker.Reason);
        Assert.False(_breaker.Failed("straggler"));
        Assert.Equal(TimeSpan.FromSeconds(1), _breaker.RetryAfter);
    }

    [Fact]
    public void Failed_AtOnce_OpensWithTheFirst() => Assert.True(_breaker.Failed("pin", atOnce: true));

    [Fact]
    public void BeginTry_BeforeThePauseIsOver_IsForNobody_AfterItForOne()
    {
        Assert.False(_breaker.BeginTry());
        Open();
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.False(_breaker.BeginTry());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(_breaker.BeginTry());
        Assert.False(_breaker.BeginTry());
    }

    [Fact]
    public void TryFailed_AgainAndAgain_DoublesThePauseUpToItsLimit()
    {
        Open();
        foreach (var seconds in (int[])[1, 2, 4, 4])
        {
            _time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
            Assert.False(_breaker.BeginTry());
            _time.Advance(TimeSpan.FromSeconds(0.2));
            Assert.True(_breaker.BeginTry());
            _breaker.TryFailed("still");
        }

        Assert.Equal("still", _breaker.Reason);
    }

    [Fact]
    public void HalfOpen_Success_ClosesAndForgetsThePause()
    {
        Open();
        HalfOpen();
        Assert.True(_breaker.Succeeded());
        Assert.Equal(BreakerState.Closed, _breaker.State);
        Open();
        Assert.Equal(TimeSpan.FromSeconds(1), _breaker.RetryAfter);
    }

    [Fact]
    public void HalfOpen_OneFailure_OpensWithALongerPause()
    {
        Open();
        HalfOpen();
        Assert.True(_breaker.Failed("again"));
        Assert.Equal(BreakerState.Open, _breaker.State);
        Assert.Equal(TimeSpan.FromSeconds(2), _breaker.RetryAfter);
    }

    [Fact]
    public void Succeeded_StragglerWhileOpen_DoesNotClose()
    {
        Open();
        Assert.False(_breaker.Succeeded());
        Assert.Equal(BreakerState.Open, _breaker.State);
    }

    private void Open()
    {
        Assert.False(_breaker.Failed("first"));
        Assert.False(_breaker.Failed("second"));
        Assert.True(_breaker.Failed("third"));
        Assert.Equal(BreakerState.Open, _breaker.State);
    }

    private void HalfOpen()
    {
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_breaker.BeginTry());
        _breaker.TrySucceeded();
        Assert.Equal(BreakerState.HalfOpen, _breaker.State);
    }
}
