using System.Net;
using System.Text;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Testing.Acme;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class StubResolverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task QueryAsync_RecordsOfEachType_AreRead()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddAddress("a.example", "192.0.2.1").AddAddress("a.example", "192.0.2.2").AddAddress("a.example", "2001:db8::1")
            .AddText("a.example", "one", " and two").AddText("a.example", "three").AddText("a.example", "").AddCaa("a.example", 128, "IssueWild", "ca.example; x=y");
        Assert.Equal([Address("192.0.2.1"), Address("192.0.2.2")], Found(await QueryAsync(dns, "a.example", DnsRecordType.A)));
        Assert.Equal([Address("2001:db8::1")], Found(await QueryAsync(dns, "A.Example.", DnsRecordType.Aaaa)));
        Assert.Equal([new DnsRecord.Text("one and two"), new DnsRecord.Text("three"), new DnsRecord.Text("")], Found(await QueryAsync(dns, "a.example", DnsRecordType.Txt)));
        Assert.Equal([new DnsRecord.Caa(true, "issuewild", "ca.example; x=y")], Found(await QueryAsync(dns, "a.example", DnsRecordType.Caa)));
        Assert.All(dns.Questions, q => Assert.True(q.Extended && !q.Tcp));
    }

    [Fact]
    public async Task QueryAsync_NoRecordAndNoName_AreToldApart()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText("a.example", "x");
        Assert.IsType<DnsAnswer.Empty>(await QueryAsync(dns, "a.example", DnsRecordType.A));
        Assert.IsType<DnsAnswer.NoSuchName>(await QueryAsync(dns, "b.example", DnsRecordType.A));
        Assert.Equal(2, dns.Questions.Count);
    }

    [Theory]
    [InlineData(2, "SERVFAIL")]
    [InlineData(5, "REFUSED")]
    [InlineData(9, "RCODE 9")]
    public async Task QueryAsync_ServerFails_IsAFailureNamingServerAndCode(int code, string name)
    {
        await using var dns = LoopbackDns.Start();
        dns.Answer("a.example", code);
        var failed = Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, "a.example", DnsRecordType.A));
        Assert.Equal($"the DNS server {dns.EndPoint} answered {name}", failed.Detail);
        Assert.Equal(2, dns.Questions.Count);
    }

    [Fact]
    public async Task QueryAsync_FirstServerFails_AsksTheNext()
    {
        await using var broken = LoopbackDns.Start();
        await using var good = LoopbackDns.Start();
        broken.Answer("a.example", 2);
        good.AddText("a.example", "x");
        var resolver = Resolver(new ResolverOptions { Servers = [broken.EndPoint, good.EndPoint] });
        Assert.Single(Found(await resolver.QueryAsync("a.example", DnsRecordType.Txt, Token)));
        Assert.Single(broken.Questions);
    }

    [Fact]
    public async Task QueryAsync_NobodyListens_IsAFailure()
    {
        var dns = LoopbackDns.Start();
        var endPoint = dns.EndPoint;
        await dns.DisposeAsync();
        var failed = Assert.IsType<DnsAnswer.Failed>(await Resolver(new ResolverOptions { Servers = [endPoint] }).QueryAsync("a.example", DnsRecordType.A, Token));
        Assert.Contains($"{endPoint} cannot be reached", failed.Detail);
    }

    [Fact]
    public async Task QueryAsync_ServerIsSilent_FailsWhenItsTimeIsUp()
    {
        await using var dns = LoopbackDns.Start();
        var time = new FakeTimeProvider();
        dns.Script("a.example", _ =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return null;
        });
        var failed = Assert.IsType<DnsAnswer.Failed>(await Resolver(new ResolverOptions { Servers = [dns.EndPoint] }, time).QueryAsync("a.example", DnsRecordType.A, Token));
        Assert.Equal($"the DNS server {dns.EndPoint} did not answer within 2 s", failed.Detail);
        Assert.Equal(2, dns.Questions.Count);
    }

    [Fact]
    public async Task QueryAsync_Cancelled_Throws()
    {
        await using var dns = LoopbackDns.Start();
        using var source = new CancellationTokenSource();
        dns.Script("a.example", _ =>
        {
            source.Cancel();
            return null;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Resolver(new ResolverOptions { Servers = [dns.EndPoint] }).QueryAsync("a.example", DnsRecordType.A, source.Token));
    }

    [Fact]
    public async Task QueryAsync_TruncatedDatagram_IsAskedForByTcp()
    {
        await using var dns = LoopbackDns.Start();
        for (var i = 0; i < 30; i++)
        {
            dns.AddText("big.example", new string((char)('a' + (i % 26)), 200));
        }

        Assert.Equal(30, Found(await QueryAsync(dns, "big.example", DnsRecordType.Txt)).Count);
        Assert.Equal([false, true], dns.Questions.Select(q => q.Tcp));
    }

    [Fact]
    public async Task QueryAsync_TruncatedByTcpToo_IsAFailure()
    {
        await using var dns = LoopbackDns.Start();
        dns.Script("a.example", q => LoopbackDns.Reply(q, 0, [], truncated: true));
        Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, "a.example", DnsRecordType.Txt));
    }

    [Fact]
    public async Task QueryAsync_TooManyRecords_IsAFailure()
    {
        await using var dns = LoopbackDns.Start();
        for (var i = 0; i < 101; i++)
        {
            dns.AddText("a.example", "x");
        }

        Assert.Contains("101 records", Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, "a.example", DnsRecordType.Txt)).Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task QueryAsync_Aliases_AreFollowed(bool aliasesOnly)
    {
        await using var dns = LoopbackDns.Start();
        dns.AliasesOnly = aliasesOnly;
        dns.AddAlias("_acme-challenge.a.example", "b.Example").AddAlias("b.example", "c.example").AddText("c.example", "x");
        var found = Assert.IsType<DnsAnswer.Found>(await QueryAsync(dns, "_acme-challenge.a.example", DnsRecordType.Txt));
        Assert.Equal("c.example", found.Owner);
        Assert.Equal(aliasesOnly ? 3 : 1, dns.Questions.Count);
    }

    [Fact]
    public async Task QueryAsync_AliasToNothing_SaysWhichNothing()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddAlias("a.example", "b.example").AddAlias("c.example", "d.example").AddText("d.example", "x");
        Assert.IsType<DnsAnswer.NoSuchName>(await QueryAsync(dns, "a.example", DnsRecordType.Txt));
        Assert.IsType<DnsAnswer.Empty>(await QueryAsync(dns, "c.example", DnsRecordType.A));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task QueryAsync_AliasesInACircle_IsAFailure(bool aliasesOnly)
    {
        await using var dns = LoopbackDns.Start();
        dns.AliasesOnly = aliasesOnly;
        dns.AddAlias("a.example", "b.example").AddAlias("b.example", "a.example");
        Assert.Contains("circle", Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, "a.example", DnsRecordType.Txt)).Detail);
        Assert.InRange(dns.Questions.Count, 1, 10);
    }

    [Fact]
    public async Task QueryAsync_RecordsOfOtherNames_AreNotTaken()
    {
        await using var dns = LoopbackDns.Start();
        dns.Script("a.example", q => LoopbackDns.Reply(q, 0, [("b.example", LoopbackDns.Txt, [1, (byte)'x'])]));
        Assert.IsType<DnsAnswer.Empty>(await QueryAsync(dns, "a.example", DnsRecordType.Txt));
    }

    [Fact]
    public async Task QueryAsync_AnswersToOtherQuestions_AreSkipped()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText("a.example", "true");
        dns.Strays = q =>
        [
            [],
            [1, 2, 3],
            Forged(q with { Id = (ushort)(q.Id + 1) }),
            Forged(q with { Name = "b.example" }),
            Forged(q with { Type = LoopbackDns.A }),
            [.. Forged(q)[..2], 0x01, 0x00, .. Forged(q)[4..]], // a question, no response
            [.. Forged(q)[..5], 0, .. Forged(q)[6..]], // an answer without its question
        ];
        Assert.Equal([new DnsRecord.Text("true")], Found(await QueryAsync(dns, "a.example", DnsRecordType.Txt)));
        Assert.Single(dns.Questions);

        static byte[] Forged(DnsQuestion question) => LoopbackDns.Reply(question, 0, [("a.example", LoopbackDns.Txt, [1, (byte)'x'])]);
    }

    [Fact]
    public async Task QueryAsync_FloodOfGuesses_IsAFailure()
    {
        await using var dns = LoopbackDns.Start();
        dns.AddText("a.example", "true");
        dns.Strays = q => Enumerable.Range(1, 70).Select(i => LoopbackDns.Reply(q with { Id = (ushort)(q.Id + i) }, 0, []));
        Assert.Contains("nothing that answers", Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, "a.example", DnsRecordType.Txt)).Detail);
    }

    [Fact]
    public async Task QueryAsync_ServerWithoutEdns_IsAskedWithout()
    {
        await using var dns = LoopbackDns.Start();
        dns.Script("a.example", q => q.Extended ? LoopbackDns.Reply(q, 1, []) : LoopbackDns.Reply(q, 0, [("a.example", LoopbackDns.Txt, [1, (byte)'x'])]));
        Assert.Single(Found(await QueryAsync(dns, "a.example", DnsRecordType.Txt)));
        Assert.Equal([true, false], dns.Questions.Select(q => q.Extended));
    }

    [Fact]
    public async Task QueryAsync_Identifiers_AreFreshForEachQuestion()
    {
        await using var dns = LoopbackDns.Start();
        for (var i = 0; i < 20; i++)
        {
            await QueryAsync(dns, "a.example", DnsRecordType.Txt);
        }

        Assert.InRange(dns.Questions.Select(q => q.Id).Distinct().Count(), 18, 20);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..example")]
    [InlineData("a b.example")]
    [InlineData("bücher.example")]
    public async Task QueryAsync_NoDomainName_DoesNotExistAndNobodyIsAsked(string name)
    {
        await using var dns = LoopbackDns.Start();
        Assert.IsType<DnsAnswer.NoSuchName>(await QueryAsync(dns, name, DnsRecordType.Txt));
        Assert.IsType<DnsAnswer.NoSuchName>(await QueryAsync(dns, new string('a', 64) + ".example", DnsRecordType.Txt));
        Assert.IsType<DnsAnswer.NoSuchName>(await QueryAsync(dns, string.Join('.', Enumerable.Repeat("abcdefg", 32)), DnsRecordType.Txt));
        Assert.Empty(dns.Questions);
    }

    [Fact]
    public async Task QueryAsync_MalformedAnswer_IsAFailure()
    {
        await using var dns = LoopbackDns.Start();
        dns.Script("short.example", q => LoopbackDns.Reply(q, 0, [("short.example", LoopbackDns.Txt, [5, (byte)'x'])]));
        dns.Script("v4.example", q => LoopbackDns.Reply(q, 0, [("v4.example", LoopbackDns.A, [1, 2, 3])]));
        dns.Script("caa.example", q => LoopbackDns.Reply(q, 0, [("caa.example", LoopbackDns.Caa, [0, 9, (byte)'x'])]));
        dns.Script("cut.example", q => LoopbackDns.Reply(q, 0, [("cut.example", LoopbackDns.Txt, [1, (byte)'x'])])[..^3]);
        dns.Script("loop.example", q =>
        {
            var reply = LoopbackDns.Reply(q, 0, []);
            reply[7] = 1;
            return [.. reply, 0xC0, (byte)reply.Length, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0];
        });
        foreach (var (name, type) in new[] { ("short", DnsRecordType.Txt), ("v4", DnsRecordType.A), ("caa", DnsRecordType.Caa), ("cut", DnsRecordType.Txt), ("loop", DnsRecordType.Txt) })
        {
            Assert.Contains("malformed", Assert.IsType<DnsAnswer.Failed>(await QueryAsync(dns, $"{name}.example", type)).Detail);
        }
    }

    [Fact]
    public void Read_CompressedNames_AreExpanded()
    {
        byte[] message = [.. Encoding.ASCII.GetBytes("xxxxx"), 7, .. Encoding.ASCII.GetBytes("eXample"), 0, 1, (byte)'a', 0xC0, 5];
        var position = 14;
        Assert.Equal("a.example", DnsName.Read(message, ref position));
        Assert.Equal(message.Length, position);
    }

    [Fact]
    public void Parse_ResolvConf_TakesTheServers() => Assert.Equal(
        ["192.0.2.53:53", "[fe80::1%1]:53"],
        SystemNameServers.Parse(["# nameserver 192.0.2.1", "search example", "nameserver 192.0.2.53 ", "nameserver\tfe80::1%1", "nameserver", "nameserver nonsense"]).Select(s => s.ToString()));

    [Theory]
    [InlineData("192.0.2.53", "192.0.2.53:53")]
    [InlineData("192.0.2.53:5353", "192.0.2.53:5353")]
    [InlineData("[2001:db8::53]:5353", "[2001:db8::53]:5353")]
    [InlineData("2001:db8::53", "[2001:db8::53]:53")]
    [InlineData("localhost:5353", "127.0.0.1:5353")]
    [InlineData("localhost", "127.0.0.1:53")]
    public void TryParseServer_AddressAndPort_IsRead(string text, string endPoint)
    {
        Assert.True(ResolverOptions.TryParseServer(text, out var server));
        Assert.Equal(endPoint, server.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("dns.example")]
    [InlineData("192.0.2.53:x")]
    [InlineData("192.0.2.53:70000")]
    public void TryParseServer_SomethingElse_IsNot(string text) => Assert.False(ResolverOptions.TryParseServer(text, out _));

    private static ValueTask<DnsAnswer> QueryAsync(LoopbackDns dns, string name, DnsRecordType type) =>
        Resolver(new ResolverOptions { Servers = [dns.EndPoint] }).QueryAsync(name, type, Token);

    private static StubResolver Resolver(ResolverOptions options, TimeProvider? time = null) => new(options, time ?? TimeProvider.System);

    private static IReadOnlyList<DnsRecord> Found(DnsAnswer answer) => Assert.IsType<DnsAnswer.Found>(answer).Records;

    private static DnsRecord.Address Address(string text) => new(IPAddress.Parse(text));
}
