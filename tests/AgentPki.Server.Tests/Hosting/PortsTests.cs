using System.Net;
using System.Net.Sockets;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Hosting;
using Xunit;

namespace AgentPki.Server.Tests.Hosting;

public sealed class PortsTests
{
    [Fact]
    public void RequireFree_PortTaken_NamesPortAndVariable()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var error = Assert.Throws<CommandException>(() => Ports.RequireFree(Listen(IPAddress.Loopback, 0, port)));

        Assert.Contains($"127.0.0.1:{port} is in use", error.Message, StringComparison.Ordinal);
        Assert.Contains(ConfigurationReader.HttpPortVariable, error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireFree_ForeignAddress_SaysSo()
    {
        // RFC 5737 TEST-NET-1: on no machine.
        var error = Assert.Throws<CommandException>(() => Ports.RequireFree(Listen(IPAddress.Parse("192.0.2.1"), 18443, 18080)));

        Assert.Contains("not an address of this machine", error.Message, StringComparison.Ordinal);
    }

    private static ListenOptions Listen(IPAddress address, int httpsPort, int httpPort) => new(address, httpsPort, httpPort, [], [], "");
}
