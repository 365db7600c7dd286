using System.Net;
using AgentPki.Server.Hosting;
using Xunit;

namespace AgentPki.Server.Tests.Hosting;

public sealed class ClientConnectionsTests
{
    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void Key_Addresses_AreOneClientWhenOneHostOwnsThem(string one, string other, bool same) =>
        Assert.Equal(same, ClientConnections.Key(IPAddress.Parse(one)) == ClientConnections.Key(IPAddress.Parse(other)));

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
