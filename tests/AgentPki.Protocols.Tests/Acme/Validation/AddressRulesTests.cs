using System.Net;
using AgentPki.Protocols.Acme.Validation.Egress;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2001:200::1")]
    [InlineData("64:ff9b::101:101")]
    public void Check_GlobalUnicast_IsAllowed(string address) => Assert.Null(new AddressRules(new EgressOptions()).Check(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0", "this network")]
    [InlineData("10.1.2.3", "private")]
    [InlineData("100.64.0.1", "carrier")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("169.254.1.1", "link-local")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("169.254.170.2", "metadata")]
    [InlineData("100.100.100.200", "metadata")]
    [InlineData("168.63.129.16", "metadata")]
    [InlineData("192.0.0.192", "metadata")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.0.0.8", "protocols")]
    [InlineData("192.0.2.1", "documentation")]
    [InlineData("192.88.99.1", "6to4")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("198.18.0.1", "benchmarks")]
    [InlineData("198.19.255.255", "benchmarks")]
    [InlineData("198.51.100.1", "documentation")]
    [InlineData("203.0.113.1", "documentation")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "reserved")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("::127.0.0.1", "IPv4 address in an IPv6 form")]
    [InlineData("::ffff:127.0.0.1", "IPv4 address in an IPv6 form")]
    [InlineData("::ffff:1.1.1.1", "IPv4 address in an IPv6 form")]
    [InlineData("64:ff9b::7f00:1", "loopback address behind a translator")]
    [InlineData("64:ff9b::a9fe:a9fe", "metadata service behind a translator")]
    [InlineData("64:ff9b::10.0.0.1", "private address behind a translator")]
    [InlineData("64:ff9b:1::1", "local translator")]
    [InlineData("100::1", "no global unicast")]
    [InlineData("2001::1", "Teredo")]
    [InlineData("2001:2::1", "protocols")]
    [InlineData("2001:20::1", "protocols")]
    [InlineData("2001:db8::1", "documentation")]
    [InlineData("2002:7f00:1::1", "6to4")]
    [InlineData("2002:101:101::1", "6to4")]
    [InlineData("3fff::1", "documentation")]
    [InlineData("5f00::1", "no global unicast")]
    [InlineData("4000::1", "no global unicast")]
    [InlineData("fc00::1", "unique local")]
    [InlineData("fd12:3456::1", "unique local")]
    [InlineData("fd00:ec2::254", "metadata")]
    [InlineData("fd20:ce::254", "metadata")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%1", "zone")]
    [InlineData("fec0::1", "site-local")]
    [InlineData("ff02::1", "multicast")]
    public void Check_SpecialAddress_IsRefusedByName(string address, string kind) =>
        Assert.Contains(kind, new AddressRules(new EgressOptions()).Check(IPAddress.Parse(address)));

    [Fact]
    public void Check_NetworkOfTheOperator_IsAllowedAndOthersAreNot()
    {
        var rules = new AddressRules(new EgressOptions { Allowed = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")] });
        Assert.Null(rules.Check(IPAddress.Parse("10.1.2.3")));
        Assert.Null(rules.Check(IPAddress.Parse("fd12::1")));
        Assert.Null(rules.Check(IPAddress.Parse("64:ff9b::10.1.2.3")));
        Assert.NotNull(rules.Check(IPAddress.Parse("::ffff:10.1.2.3")));
        Assert.NotNull(rules.Check(IPAddress.Parse("192.168.0.1")));
        Assert.NotNull(rules.Check(IPAddress.Loopback));
    }

    [Theory]
    [InlineData("169.254.169.254", "169.254.0.0/16")]
    [InlineData("169.254.169.254", "0.0.0.0/0")]
    [InlineData("169.254.169.254", "169.254.169.254/31")]
    [InlineData("fd00:ec2::254", "fd00::/8")]
    [InlineData("64:ff9b::a9fe:a9fe", "64:ff9b::/96")]
    public void Check_MetadataInAnAllowedNetwork_IsRefused(string address, string network) =>
        Assert.Contains("metadata", new AddressRules(new EgressOptions { Allowed = [IPNetwork.Parse(network)] }).Check(IPAddress.Parse(address)));

    [Fact]
    public void Check_MetadataNamedAsAnAddress_IsAllowed() =>
        Assert.Null(new AddressRules(new EgressOptions { Allowed = [IPNetwork.Parse("169.254.169.254/32")] }).Check(IPAddress.Parse("169.254.169.254")));

    [Fact]
    public void Check_RefusedNetwork_WinsOverAllowed()
    {
        var rules = new AddressRules(new EgressOptions { Allowed = [IPNetwork.Parse("10.0.0.0/8")], Refused = [IPNetwork.Parse("10.9.0.0/16"), IPNetwork.Parse("1.1.1.0/24")] });
        Assert.Null(rules.Check(IPAddress.Parse("10.8.0.1")));
        Assert.Contains("configuration", rules.Check(IPAddress.Parse("10.9.0.1")));
        Assert.Contains("configuration", rules.Check(IPAddress.Parse("1.1.1.1")));
        Assert.Contains("configuration", rules.Check(IPAddress.Parse("64:ff9b::1.1.1.1")));
    }
}
