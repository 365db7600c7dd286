using System.Net;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Protocols.Tests.Acme.Validation;

public sealed class Http01ValidatorTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData(" \t\r\n\r\n")]
    public async Task ValidateAsync_KeyAuthorization_IsValid(string end)
    {
        await using var server = RawServer.Http(path => RawServer.Response(path == Challenge.Path ? Challenge.KeyAuthorization + end : "", headers: "Content-Type: text/html\r\n"));
        var evidence = Challenge.AssertValid(await ValidateAsync(server));
        Assert.Equal($"http-01: http://a.test{Challenge.Path} at {server.EndPoint} holds the key authorization", evidence);
        var head = Assert.Single(server.Requests);
        Assert.StartsWith($"GET {Challenge.Path} HTTP/1.1\r\n", head);
        Assert.Contains("\r\nHost: a.test\r\n", head);
        foreach (var header in new[] { "Cookie", "Authorization", "Proxy", "traceparent", "Referer" })
        {
            Assert.DoesNotContain(header, head, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task ValidateAsync_KestrelInChunks_IsValid()
    {
        await using var server = await TestServer.StartAsync(app => app.MapGet(Challenge.Path, async context => await context.Response.WriteAsync(Challenge.KeyAuthorization)));
        Challenge.AssertValid(await Challenge.Validator(ChallengeTypes.Http01, Challenge.Development(server.Http.Port))
            .ValidateAsync(Challenge.Request("dns", "a.test"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ValidateAsync_AddressAsIdentifier_IsAskedByItself()
    {
        await using var server = RawServer.Http(_ => RawServer.Response(Challenge.KeyAuthorization));
        Challenge.AssertValid(await ValidateAsync(server, type: "ip", value: "127.0.0.1"));
        Assert.Contains("\r\nHost: 127.0.0.1\r\n", Assert.Single(server.Requests));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task ValidateAsync_Redirects_AreFollowed(int status)
    {
        await using var server = RawServer.Http(path => path == "/there" ? RawServer.Response(Challenge.KeyAuthorization) : RawServer.Redirect(path == "/on" ? "http://b.test/there" : "/on#fragment", status));
        var evidence = Challenge.AssertValid(await ValidateAsync(server));
        Assert.Contains("by 2 redirects now http://b.test/there", evidence);
        Assert.Equal(["a.test", "a.test", "b.test"], server.Requests.Select(r => r.Split("Host: ")[1].Split('\r')[0]));
    }

    [Fact]
    public async Task ValidateAsync_RedirectToHttps_TakesAnyCertificate()
    {
        await using var tls = await TestServer.StartAsync(app => app.MapGet("/x", () => Challenge.KeyAuthorization));
        await using var server = RawServer.Http(_ => RawServer.Redirect("https://b.test/x"));
        Challenge.AssertValid(await ValidateAsync(server, Challenge.Development(server.Port, tls.Https.Port)));
    }

    public static TheoryData<string, AcmeErrorType, string> WrongResponses => new()
    {
        { RawServer.Response("", "404 Not Found"), AcmeErrorType.Unauthorized, "status 404" },
        { RawServer.Response(Challenge.KeyAuthorization, "403 Forbidden"), AcmeErrorType.Unauthorized, "status 403" },
        { RawServer.Response(Challenge.KeyAuthorization, "206 Partial"), AcmeErrorType.Unauthorized, "status 206" },
        { "HTTP/1.1 204 No Content\r\n\r\n", AcmeErrorType.Unauthorized, "status 204" },
        { RawServer.Response(""), AcmeErrorType.IncorrectResponse, "holds 0 octets that are none" },
        { RawServer.Response("<html>\x1b[31mHello"), AcmeErrorType.IncorrectResponse, "holds 16 octets that are none" },
        { RawServer.Response(" " + Challenge.KeyAuthorization), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.KeyAuthorization + "x"), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.KeyAuthorization + "\0"), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.KeyAuthorization.ToUpperInvariant()), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.Token), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.KeyAuthorization + "\n" + Challenge.KeyAuthorization), AcmeErrorType.IncorrectResponse, "should hold" },
        { RawServer.Response(Challenge.KeyAuthorization + new string(' ', 2000)), AcmeErrorType.IncorrectResponse, "more octets than are read" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + new string('z', 5000), AcmeErrorType.IncorrectResponse, "more octets than are read" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + Challenge.KeyAuthorization, AcmeErrorType.Connection, "closed the connection before its response was whole" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", AcmeErrorType.IncorrectResponse, "no HTTP response" },
        { "SSH-2.0-OpenSSH\r\n", AcmeErrorType.IncorrectResponse, "no HTTP response" },
        { "", AcmeErrorType.Connection, "closed the connection" },
        { "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-A: " + new string('a', 1000) + "\r\n", 20)) + "\r\n" + Challenge.KeyAuthorization, AcmeErrorType.IncorrectResponse, "headers" },
        { RawServer.Redirect("ftp://a.test/x"), AcmeErrorType.IncorrectResponse, "neither http nor https" },
        { RawServer.Redirect("file:///etc/passwd"), AcmeErrorType.IncorrectResponse, "no URL" },
        { RawServer.Redirect("http://user:secret@a.test/x"), AcmeErrorType.IncorrectResponse, "credentials" },
        { RawServer.Redirect("http://a.test:22/x"), AcmeErrorType.IncorrectResponse, "port that is not followed" },
        { RawServer.Redirect("http://other.example:8080/x"), AcmeErrorType.IncorrectResponse, "port that is not followed; those are 80, 443" },
        { RawServer.Redirect("http:///x"), AcmeErrorType.IncorrectResponse, "no URL" },
        { RawServer.Redirect("http://xn--\u00fc.example/x"), AcmeErrorType.IncorrectResponse, "no URL" },
        { RawServer.Redirect("mailto:a@b.example"), AcmeErrorType.IncorrectResponse, "no" },
        { RawServer.Redirect(Challenge.Path), AcmeErrorType.IncorrectResponse, "where it was before" },
        { "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", AcmeErrorType.IncorrectResponse, "'', which is no URL" },
        { RawServer.Redirect("http://169.254.169.254/latest/meta-data/"), AcmeErrorType.Connection, "a cloud's metadata service" },
        { RawServer.Redirect("http://[fd00:ec2::254]/latest/meta-data/"), AcmeErrorType.Connection, "a cloud's metadata service" },
        { RawServer.Redirect("http://2852039166/latest/meta-data/"), AcmeErrorType.Connection, "a cloud's metadata service" },
        { RawServer.Redirect("http://0xa9fea9fe/latest/meta-data/"), AcmeErrorType.Connection, "a cloud's metadata service" },
        { RawServer.Redirect("http://[::ffff:169.254.169.254]/"), AcmeErrorType.Connection, "IPv6 form" },
        { RawServer.Redirect("https://10.0.0.1/"), AcmeErrorType.Connection, "a private address" },
        { RawServer.Redirect("http://inside.example/"), AcmeErrorType.Connection, "a loopback address" },
        { RawServer.Redirect("http://nowhere.example/"), AcmeErrorType.Dns, "NXDOMAIN" },
        { RawServer.Redirect("http://broken.example/"), AcmeErrorType.Dns, "SERVFAIL" },
        { RawServer.Redirect("https://a.test/"), AcmeErrorType.Tls, "TLS handshake" },
    };

    [Theory]
    [MemberData(nameof(WrongResponses))]
    public async Task ValidateAsync_WrongResponse_IsInvalidAndSaysWhy(string response, AcmeErrorType error, string part)
    {
        await using var server = RawServer.Http(_ => response);
        await using var noTls = RawServer.Start(async (_, stream, cancellationToken) => await stream.WriteAsync("220 mail.test ESMTP\r\n"u8.ToArray(), cancellationToken));
        var resolver = new ScriptedResolver().At("inside.example", "127.0.0.1").On("broken.example", DnsRecordType.A, new DnsAnswer.Failed("the DNS server answered SERVFAIL"));
        Challenge.AssertInvalid(error, await ValidateAsync(server, Challenge.Development(server.Port, noTls.Port), resolver), part, $"http://a.test{Challenge.Path}");
    }

    [Theory]
    [InlineData("internal: the password is swordfish", "swordfish")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "eyJ")]
    [InlineData("10.5", "10.5'")]
    public async Task ValidateAsync_AnswerThatIsNoKeyAuthorization_IsNotShown(string body, string part)
    {
        await using var server = RawServer.Http(_ => RawServer.Response(body));
        Assert.DoesNotContain(part, Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), $"holds {body.Length} octets"), StringComparison.Ordinal);
        await using var longer = RawServer.Http(_ => RawServer.Response(body + new string('x', 2000)));
        Assert.DoesNotContain(part, Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(longer), "more octets than are read"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ValidateAsync_KeyAuthorizationOfAnotherAccount_IsShown()
    {
        var other = $"{Challenge.Token}.{new string('A', 43)}";
        await using var server = RawServer.Http(_ => RawServer.Response(other));
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), $"should hold the key authorization '{Challenge.KeyAuthorization}' and holds '{other}', which is another");
    }

    [Fact]
    public async Task ValidateAsync_RedirectsWithoutEnd_EndAfterAFew()
    {
        var count = 0;
        await using var server = RawServer.Http(_ => RawServer.Redirect($"/{++count}"));
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), "one redirect too many; at most 5");
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task ValidateAsync_RedirectToANameThatMovesInside_IsConnectedWhereItWasChecked()
    {
        await using var honest = RawServer.Http(_ => RawServer.Response(Challenge.KeyAuthorization), "127.0.0.2");
        await using var trap = RawServer.Http(_ => RawServer.Response(Challenge.KeyAuthorization), "127.0.0.1", honest.Port);
        await using var server = RawServer.Http(_ => RawServer.Redirect($"http://rebind.example:{honest.Port}/x"));
        var resolver = new ScriptedResolver().At("rebind.example", "127.0.0.2", "127.0.0.1");
        var egress = Challenge.Development(server.Port) with { Allowed = [IPNetwork.Parse("127.0.0.2/32")], RedirectPorts = [80, 443, honest.Port] };
        Challenge.AssertValid(await ValidateAsync(server, egress, resolver));
        Challenge.AssertInvalid(AcmeErrorType.Connection, await ValidateAsync(server, egress, resolver), "rebind.example is at 127.0.0.1, a loopback address");
        Assert.Equal((1, 0), (honest.Connections, trap.Connections));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTT")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 88\r\n\r\nevaGxfADs6pSRb2LAv9IZf17Dt3juxGJ")]
    public async Task ValidateAsync_ServerStopsAnswering_EndsWhenTheTimeIsUp(string beginning)
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = RawServer.Start(async (_, stream, cancellationToken) =>
        {
            await RawServer.ReadHeadAsync(stream, cancellationToken);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(beginning), cancellationToken);
            begun.SetResult();
            await stream.ReadExactlyAsync(new byte[1], cancellationToken); // until the other side leaves
        });
        var validation = ValidateAsync(server, time: time);
        await begun.Task;
        time.Advance(TimeSpan.FromSeconds(15));
        Challenge.AssertInvalid(AcmeErrorType.Connection, await validation, "did not end within the 15 s");
        await server.Left.Task;
    }

    [Fact]
    public async Task ValidateAsync_BodyWithoutEnd_IsNotReadToTheEnd()
    {
        await using var server = RawServer.Start(async (_, stream, cancellationToken) =>
        {
            await RawServer.ReadHeadAsync(stream, cancellationToken);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8.ToArray(), cancellationToken);
            while (true)
            {
                await stream.WriteAsync(new byte[4096], cancellationToken);
            }
        });
        Challenge.AssertInvalid(AcmeErrorType.IncorrectResponse, await ValidateAsync(server), "more octets than are read");
        await server.Left.Task; // our side has left
    }

    [Fact]
    public async Task ValidateAsync_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        await using var server = RawServer.Start(async (_, stream, cancellationToken) =>
        {
            await RawServer.ReadHeadAsync(stream, cancellationToken);
            await source.CancelAsync();
        });
        var validator = Challenge.Validator(ChallengeTypes.Http01, Challenge.Development(server.Port));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await validator.ValidateAsync(Challenge.Request("dns", "a.test"), source.Token));
    }

    private static Task<ValidationResult> ValidateAsync(
        RawServer server, EgressOptions? egress = null, IDnsResolver? resolver = null, TimeProvider? time = null, string type = "dns", string value = "a.test") =>
        Challenge.Validator(ChallengeTypes.Http01, egress ?? Challenge.Development(server.Port), resolver, time)
            .ValidateAsync(Challenge.Request(type, value), TestContext.Current.CancellationToken).AsTask();
}
