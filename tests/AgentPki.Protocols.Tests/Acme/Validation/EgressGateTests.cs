using System.Net;
using System.Net.Sockets;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class EgressGateTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConnectAsync_NameThatMovesToAnotherAddress_GoesToTheOneThatWasChecked()
    {
        await using var honest = RawServer.Start((_, _, _) => Task.CompletedTask, "127.0.0.2");
        await using var trap = RawServer.Start((_, _, _) => Task.CompletedTask, "127.0.0.1", honest.Port);
        var resolver = new ScriptedResolver().At("rebind.example", "127.0.0.2", "127.0.0.1");
        var gate = Gate(new EgressOptions { Allowed = [IPNetwork.Parse("127.0.0.2/32")] }, resolver);
        var connected = Assert.IsType<EgressConnection.Connected>(await gate.ConnectAsync("rebind.example", honest.Port, Token));
        using (connected.Socket)
        {
            Assert.Equal(honest.EndPoint, connected.Socket.RemoteEndPoint);
        }

        Assert.Equal(2, resolver.Questions.Count); // A and AAAA, once each
        var failed = Assert.IsType<EgressConnection.Failed>(await gate.ConnectAsync("rebind.example", honest.Port, Token));
        Assert.Equal(AcmeErrorType.Connection, failed.Error);
        Assert.Contains("loopback", failed.Detail);
        Assert.Equal(0, trap.Connections);
    }

    [Theory]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("10.0.0.1", "private")]
    [InlineData("::1", "loopback")]
    [InlineData("::ffff:127.0.0.1", "IPv6 form")]
    [InlineData("fd00:ec2::254", "metadata")]
    public async Task RouteAsync_NameOrAddressInside_IsClosed(string address, string kind)
    {
        var gate = Gate(new EgressOptions(), new ScriptedResolver().At("inside.example", address));
        foreach (var host in new[] { "inside.example", address })
        {
            var closed = Assert.IsType<EgressRoute.Closed>(await gate.RouteAsync(host, 80, Token));
            Assert.Equal(AcmeErrorType.Connection, closed.Error);
            Assert.Contains(kind, closed.Detail);
        }
    }

    [Fact]
    public async Task RouteAsync_SomeAddressesInside_LeavesThemOut()
    {
        var resolver = new ScriptedResolver()
            .On("mixed.example", DnsRecordType.A, Addresses("10.0.0.1", "1.1.1.1", "127.0.0.1", "1.0.0.1"))
            .On("mixed.example", DnsRecordType.Aaaa, Addresses("::1", "2606:4700::1"));
        var open = Assert.IsType<EgressRoute.Open>(await Gate(new EgressOptions(), resolver).RouteAsync("mixed.example", 80, Token));
        Assert.Equal(["[2606:4700::1]:80", "1.1.1.1:80", "1.0.0.1:80"], open.EndPoints.Select(e => e.ToString()));
    }

    [Fact]
    public async Task RouteAsync_ManyAddresses_TriesAFew()
    {
        var many = Enumerable.Range(1, 50).Select(i => $"1.1.1.{i}").ToArray();
        var resolver = new ScriptedResolver().On("many.example", DnsRecordType.A, Addresses(many));
        Assert.Equal(4, Assert.IsType<EgressRoute.Open>(await Gate(new EgressOptions(), resolver).RouteAsync("many.example", 80, Token)).EndPoints.Count);
    }

    [Fact]
    public async Task RouteAsync_NoAddress_SaysWhy()
    {
        var resolver = new ScriptedResolver()
            .On("text.example", DnsRecordType.Txt, new DnsAnswer.Empty())
            .On("broken.example", DnsRecordType.A, new DnsAnswer.Failed("the DNS server answered SERVFAIL"))
            .On("half.example", DnsRecordType.A, new DnsAnswer.Failed("the DNS server answered SERVFAIL"))
            .On("half.example", DnsRecordType.Aaaa, Addresses("2606:4700::1"));
        var gate = Gate(new EgressOptions(), resolver);
        Assert.Contains("NXDOMAIN", await DetailAsync("nowhere.example"));
        Assert.Contains("neither A nor AAAA", await DetailAsync("text.example"));
        Assert.Contains("SERVFAIL", await DetailAsync("broken.example"));
        Assert.IsType<EgressRoute.Open>(await gate.RouteAsync("half.example", 80, Token));

        async Task<string> DetailAsync(string host)
        {
            var closed = Assert.IsType<EgressRoute.Closed>(await gate.RouteAsync(host, 80, Token));
            Assert.Equal(AcmeErrorType.Dns, closed.Error);
            return closed.Detail;
        }
    }

    [Fact]
    public async Task ConnectAsync_FirstAddressRefuses_TakesTheNext()
    {
        await using var server = RawServer.Start((_, _, _) => Task.CompletedTask, "127.0.0.2");
        var resolver = new ScriptedResolver().On("two.example", DnsRecordType.A, Addresses("127.0.0.3", "127.0.0.2"));
        var gate = Gate(new EgressOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")] }, resolver);
        var connected = Assert.IsType<EgressConnection.Connected>(await gate.ConnectAsync("two.example", server.Port, Token));
        connected.Socket.Dispose();
        Assert.Equal(server.EndPoint, connected.EndPoint);
    }

    [Fact]
    public async Task ConnectAsync_MachineWithoutIpv6_TakesTheIpv4Address()
    {
        await using var server = RawServer.Start((_, _, _) => Task.CompletedTask, "127.0.0.2");
        var resolver = new ScriptedResolver().On("dual.example", DnsRecordType.Aaaa, Addresses("::1")).On("dual.example", DnsRecordType.A, Addresses("127.0.0.2"));
        var gate = new EgressGate(new EgressOptions { Allowed = [IPNetwork.Parse("127.0.0.2/32"), IPNetwork.Parse("::1/128")] }, resolver, TimeProvider.System, family =>
            family == AddressFamily.InterNetwork ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) : throw new SocketException((int)SocketError.AddressFamilyNotSupported));
        var connected = Assert.IsType<EgressConnection.Connected>(await gate.ConnectAsync("dual.example", server.Port, Token));
        connected.Socket.Dispose();
        Assert.Equal(server.EndPoint, connected.EndPoint);
        var failed = Assert.IsType<EgressConnection.Failed>(await gate.ConnectAsync("::1", server.Port, Token));
        Assert.Contains("not reachable from here", failed.Detail);
    }

    [Fact]
    public async Task ConnectAsync_NobodyListens_NamesEachAddress()
    {
        var resolver = new ScriptedResolver().On("two.example", DnsRecordType.A, Addresses("127.0.0.3", "127.0.0.2"));
        var gate = Gate(new EgressOptions { Allowed = [IPNetwork.Parse("127.0.0.0/8")] }, resolver);
        var failed = Assert.IsType<EgressConnection.Failed>(await gate.ConnectAsync("two.example", 1, Token));
        Assert.Equal(AcmeErrorType.Connection, failed.Error);
        Assert.Equal("no connection to two.example: 127.0.0.3:1: connection refused; 127.0.0.2:1: connection refused", failed.Detail);
    }

    [Theory]
    [InlineData("a.test", 80, "127.0.0.1:5002")]
    [InlineData("a.test", 443, "127.0.0.1:5001")]
    [InlineData("a.test", 5002, "127.0.0.1:5002")]
    [InlineData("A.TEST", 80, "127.0.0.1:5002")]
    [InlineData("127.0.0.1", 80, "127.0.0.1:5002")]
    [InlineData("127.0.0.7", 80, "127.0.0.7:5002")]
    [InlineData("::1", 443, "[::1]:5001")]
    public async Task RouteAsync_Development_IsThisMachineWithoutALookUp(string host, int port, string endPoint)
    {
        var resolver = new ScriptedResolver();
        var gate = Gate(new EgressOptions { Development = new DevelopmentTargets { Http01Port = 5002, TlsAlpnPort = 5001 } }, resolver);
        Assert.Equal(endPoint, Assert.Single(Assert.IsType<EgressRoute.Open>(await gate.RouteAsync(host, port, Token)).EndPoints).ToString());
        Assert.Empty(resolver.Questions);
    }

    [Theory]
    [InlineData("a.test", 22)]
    [InlineData("127.0.0.1", 8443)]
    [InlineData("atest", 80)]
    [InlineData("a.test.example", 80)]
    [InlineData("10.0.0.1", 80)]
    [InlineData("169.254.169.254", 80)]
    public async Task RouteAsync_DevelopmentOtherHostsAndPorts_AreClosed(string host, int port)
    {
        var gate = Gate(new EgressOptions { Development = new DevelopmentTargets { Http01Port = 5002, TlsAlpnPort = 5001 } }, new ScriptedResolver());
        Assert.IsType<EgressRoute.Closed>(await gate.RouteAsync(host, port, Token));
    }

    [Fact]
    public async Task RouteAsync_TestNameOutsideDevelopment_IsLookedUp()
    {
        var resolver = new ScriptedResolver().At("a.test", "1.1.1.1");
        Assert.IsType<EgressRoute.Open>(await Gate(new EgressOptions(), resolver).RouteAsync("a.test", 80, Token));
        Assert.NotEmpty(resolver.Questions);
    }

    [Fact]
    public void Validate_ImpossibleOptions_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => new EgressOptions { RedirectPorts = [0] }.Validate());
        Assert.Throws<ArgumentException>(() => new EgressOptions { MaximumRedirects = 100 }.Validate());
        Assert.Throws<ArgumentException>(() => new EgressOptions { ConnectTimeout = TimeSpan.FromSeconds(30) }.Validate());
        Assert.Throws<ArgumentException>(() => new EgressOptions { BodyOctets = 1 << 30 }.Validate());
        Assert.Throws<ArgumentException>(() => new EgressOptions { Development = new DevelopmentTargets { Http01Port = 70000 } }.Validate());
    }

    private static EgressGate Gate(EgressOptions options, IDnsResolver resolver) => new(options, resolver, TimeProvider.System);

    private static DnsAnswer.Found Addresses(params string[] addresses) => new([.. addresses.Select(a => new DnsRecord.Address(IPAddress.Parse(a)))], "");
}
