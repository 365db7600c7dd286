using System.Net;
using AgentPki.Server.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Server.Tests.Hosting;

public sealed class ClientRatesTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void TryTake_BurstThenAverage_IsWhatIsAllowed()
    {
        var rates = new ClientRates(perSecond: 10, burst: 5, _clock);
        var client = IPAddress.Parse("192.0.2.1");

        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => rates.TryTake(client, out TimeSpan _)));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => rates.TryTake(client, out TimeSpan _)));

        var allowed = 0;
        for (var i = 0; i < 100; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(50));
            allowed += rates.TryTake(client, out _) ? 1 : 0;
        }

        Assert.InRange(allowed, 50, 51);
    }

    [Fact]
    public void TryTake_Refused_SaysWhenToTryAgain()
    {
        var rates = new ClientRates(perSecond: 2, burst: 1, _clock);
        var client = IPAddress.Parse("2001:db8::1");
        Assert.True(rates.TryTake(client, out _));

        Assert.False(rates.TryTake(client, out var retryAfter));

        _clock.Advance(retryAfter);
        Assert.True(rates.TryTake(client, out _));
    }

    [Fact]
    public void TryTake_OtherClients_HaveTheirOwnShare()
    {
        var rates = new ClientRates(perSecond: 1, burst: 1, _clock);

        Assert.True(rates.TryTake(IPAddress.Parse("192.0.2.1"), out _));
        Assert.True(rates.TryTake(IPAddress.Parse("192.0.2.2"), out _));
        Assert.False(rates.TryTake(IPAddress.Parse("192.0.2.1"), out _));
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void Key_Addresses_AreOneClientWhenOneHostOwnsThem(string one, string other, bool same) =>
        Assert.Equal(same, ClientRates.Key(IPAddress.Parse(one)) == ClientRates.Key(IPAddress.Parse(other)));

    [Fact]
    public void TryEnter_AboveMaximum_IsRefusedUntilOneLeaves()
    {
        var connections = new ClientConnections(2);
        var client = IPAddress.Parse("192.0.2.1");
        Assert.True(connections.TryEnter(client));
        Assert.True(connections.TryEnter(client));
        Assert.False(connections.TryEnter(client));
        Assert.True(connections.TryEnter(IPAddress.Parse("192.0.2.2")));

        connections.Leave(client);

        Assert.True(connections.TryEnter(client));
        Assert.False(connections.TryEnter(client));
    }
}
