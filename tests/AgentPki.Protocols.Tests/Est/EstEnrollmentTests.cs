using System.Net;
using System.Text;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.Cms;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstEnrollmentTests
{
    [Fact]
    public async Task SimpleEnroll_WithACredential_AnswersExactlyOneCertificate()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64() + "\n"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/pkcs7-mime; smime-type=certs-only", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("base64", answer.Headers.GetValues("Content-Transfer-Encoding").Single());
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(body.Length - 1, body.IndexOf('\n', StringComparison.Ordinal));
        var certificate = Assert.Single(CertsOnly.Parse(Convert.FromBase64String(body)));
        Assert.Equal("CN=agent-1", certificate.Subject.ToString());
        var asked = Assert.Single(est.Authority.Asked);
        Assert.Equal((EnrollmentKind.Enroll, "est", null), (asked.Kind, asked.Protocol, asked.Label));
        Assert.Equal(new Requester.Credential("dev", "secret"), asked.Requester);
        Assert.Equal(asked.CorrelationId, answer.Headers.GetValues("X-Correlation-Id").Single());
        Assert.Equal(16, asked.CorrelationId.Length);
    }

    [Theory]
    [InlineData("", "base64")]
    [InlineData("Content-Transfer-Encoding: base64", "base64")]
    [InlineData("Content-Transfer-Encoding: binary", "base64")]
    public async Task SimpleEnroll_WhateverContentTransferEncodingSays_TakesBase64(string header, string _)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", Csr.Base64());
        if (header.Length > 0)
        {
            message.Content!.Headers.TryAddWithoutValidation(header.Split(':')[0], header.Split(": ")[1]);
        }

        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("application/pkcs10")]
    [InlineData("APPLICATION/PKCS10")]
    [InlineData("application/pkcs10; charset=us-ascii")]
    public async Task SimpleEnroll_MediaType_IsComparedWithoutCaseAndParameters(string type)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64(), type: type), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/pkcs10x")]
    [InlineData(";;=")]
    [InlineData(null)]
    public async Task SimpleEnroll_OtherMediaType_Is415AndSaysWhichWouldDo(string? type)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Encoding.ASCII.GetBytes(Csr.Base64()), type: type), TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.UnsupportedMediaType, "application/pkcs10");
        Assert.Equal(PkiProblemKind.UnsupportedMediaType, Assert.Single(est.Authority.Refused).Problem.Kind);
        Assert.Empty(est.Authority.Asked);
    }

    [Fact]
    public async Task SimpleEnroll_CompressedBody_Is415()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", Csr.Base64());
        message.Content!.Headers.ContentEncoding.Add("gzip");
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.UnsupportedMediaType, "Content-Encoding");
    }

    [Fact]
    public async Task SimpleEnroll_WithoutIdentity_Is401WithAChallenge()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64(), basic: null), TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.Unauthorized, "Authenticate with");
        Assert.Equal("Basic realm=\"AgentPki EST\", charset=\"UTF-8\"", answer.Headers.WwwAuthenticate.Single().ToString());
        Assert.IsType<Requester.Stranger>(Assert.Single(est.Authority.Asked).Requester);
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic %%%%")]
    [InlineData("Basic bm9ib2R5")] // no colon
    [InlineData("Basic Og==")] // empty name
    [InlineData("Basic //46wyg=")] // not UTF-8
    [InlineData("Bearer abc")]
    [InlineData("Digest username=\"a\"")]
    public async Task SimpleEnroll_UnusableAuthorization_Is401(string header)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", Csr.Base64(), basic: null);
        message.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.Unauthorized, "");
        Assert.Empty(est.Authority.Asked);
        Assert.IsType<Requester.Stranger>(Assert.Single(est.Authority.Refused).Requester);
    }

    [Fact]
    public async Task SimpleEnroll_PasswordWithColonsAndUmlauts_ReachesTheAuthorityWhole()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64(), basic: "dév:a:b:ü"), TestContext.Current.CancellationToken);
        Assert.Equal(new Requester.Credential("dév", "a:b:ü"), Assert.Single(est.Authority.Asked).Requester);
    }

    [Fact]
    public async Task SimpleEnroll_Pending_Is202WithRetryAfterInSeconds()
    {
        await using var est = await EstServer.StartAsync();
        est.Authority.Answer = _ => new EnrollmentOutcome.Pending("id", TimeSpan.FromSeconds(1.2));
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("2", answer.Headers.GetValues("Retry-After").Single());
        Assert.Contains("approve", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SimpleEnroll_BodyOverTheLimit_Is413BeforeItIsRead()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", new byte[100_000]), TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.RequestEntityTooLarge, "98304");
    }

    [Fact]
    public async Task SimpleEnroll_ChunkedBodyOverTheLimit_Is413()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", new byte[100_000]);
        message.Headers.TransferEncodingChunked = true;
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        await AssertRefusedAsync(answer, HttpStatusCode.RequestEntityTooLarge, "98304");
    }

    [Fact]
    public async Task SimpleEnroll_BodyThatDoesNotCome_Is408()
    {
        await using var est = await EstServer.StartAsync(options: new Protocols.Est.EstOptions { BodyDeadline = TimeSpan.FromMilliseconds(200) });
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", "");
        message.Content = new StalledContent();
        message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/pkcs10");
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestTimeout, answer.StatusCode);
    }

    [Fact]
    public async Task SimpleReenroll_OverHttp2_UsesTheCertificateOfTheConnection()
    {
        await using var est = await EstServer.StartAsync();
        using var identity = est.Authority.ClientCertificate("agent-7");
        using var client = est.Client(identity, HttpVersion.Version20);
        for (var i = 0; i < 3; i++)
        {
            using var message = EstServer.Post("simplereenroll", Csr.Base64("agent-7"), basic: "dev:ignored-in-renewals");
            message.Version = HttpVersion.Version20;
            using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var certificates = est.Authority.Asked.Select(a => Assert.IsType<Requester.AgentCertificate>(a.Requester).Certificate).ToList();
        Assert.All(certificates, c => Assert.Equal(identity.RawData, c.Der.ToArray()));
        Assert.Single(certificates.Distinct(ReferenceEqualityComparer.Instance)); // parsed once for the connection
        Assert.All(est.Authority.Asked, a => Assert.Equal(EnrollmentKind.Renew, a.Kind));
    }

    [Fact]
    public async Task SimpleEnroll_WithCertificateAndCredential_IsTheCredentialsAffair()
    {
        await using var est = await EstServer.StartAsync();
        using var identity = est.Authority.ClientCertificate("agent-7");
        using var client = est.Client(identity);
        using var both = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
        using var alone = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64(), basic: null), TestContext.Current.CancellationToken);
        Assert.Collection(est.Authority.Asked, a => Assert.IsType<Requester.Credential>(a.Requester), a => Assert.IsType<Requester.AgentCertificate>(a.Requester));
    }

    [Theory]
    [InlineData("agent-short/simpleenroll", "agent-short")]
    [InlineData("no-such-label/simpleenroll", "no-such-label")] // hop 3 refuses it: it knows who asked
    [InlineData("simpleenroll", null)]
    [InlineData("simpleenroll/", null)]
    public async Task SimpleEnroll_Label_ReachesTheAuthority(string operation, string? label)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post(operation, Csr.Base64()), TestContext.Current.CancellationToken);
        Assert.Equal(label, Assert.Single(est.Authority.Asked).Label);
    }

    [Fact]
    public async Task SimpleEnroll_SpoiledRequests_AreRefusedAndNeverReachTheAuthority()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        var random = new Random(4711);
        var good = Csr.Der();
        for (var i = 0; i < 300; i++)
        {
            var spoiled = good.ToArray();
            switch (i % 3)
            {
                case 0:
                    spoiled = spoiled[..random.Next(spoiled.Length)];
                    break;
                case 1:
                    spoiled = [.. spoiled, (byte)random.Next(256)];
                    break;
                default:
                    random.NextBytes(spoiled.AsSpan(0, 40));
                    break;
            }

            using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Convert.ToBase64String(spoiled)), TestContext.Current.CancellationToken);
            await AssertRefusedAsync(answer, HttpStatusCode.BadRequest, "");
        }

        Assert.Empty(est.Authority.Asked);
        Assert.Equal(300, est.Authority.Refused.Count);
    }

    internal static async Task AssertRefusedAsync(HttpResponseMessage answer, HttpStatusCode status, string says)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == answer.StatusCode, $"{(int)answer.StatusCode}: {text}");
        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.Contains(answer.Headers.GetValues("X-Correlation-Id").Single(), text, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(answer.Headers.Contains("Strict-Transport-Security"));
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    private sealed class StalledContent : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("MIIB"u8.ToArray());
            await stream.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(3));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
