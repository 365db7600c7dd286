using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>RFC 9773 and RFC 8555 §7.6.</summary>
public sealed class AcmeRenewalTests
{
    [Fact]
    public async Task RenewalInfo_ManyCertificates_SpreadsTheirWindowsWithinTheirLives()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var starts = new List<DateTimeOffset>();
        for (var i = 0; i < 12; i++)
        {
            var certificate = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);
            var (start, end, retry) = await InfoAsync(server, certificate);
            Assert.InRange(start, certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * 0.59), certificate.NotAfter);
            Assert.InRange(end, start.AddSeconds(1), certificate.NotAfter);
            Assert.InRange(retry, 60, 6 * 3600);
            starts.Add(start);
        }

        Assert.True(starts.Distinct().Count() > 8, string.Join(", ", starts));
    }

    [Fact]
    public async Task RenewalInfo_Revoked_IsNow()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var (x509, _) = await client.ObtainAsync(null, null, ("dns", "a.test"));
        Assert.Null(ProblemOf(await RevokeAsync(client, x509.RawData, 4)));

        var (start, end, _) = await InfoAsync(server, Certificate.Parse(x509.RawData));
        Assert.True(end <= server.Authority.Time.GetUtcNow() && start < end);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAA.BBBB")]
    [InlineData("AAAA.")]
    [InlineData(".AAAA")]
    [InlineData("AA*A.BBBB")]
    public async Task RenewalInfo_NoCertificateOfOurs_IsNotFound(string id)
    {
        await using var server = await AcmeServer.StartAsync();
        using var client = server.Plain();
        using var answer = await client.GetAsync(new Uri(server.Https, "/acme/renewal-info/" + id), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Replaces_OncePerCertificate_ByItsAccount_ForItsNames()
    {
        await using var server = await AcmeServer.StartAsync();
        var (client, other) = (await server.RegisteredAsync(), await server.RegisteredAsync());
        var id = AcmeRenewals.IdOf(Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData));

        Assert.Equal("unauthorized", (await other.OrderAsync(null, id, ("dns", "a.test"))).Problem);
        Assert.Equal("malformed", (await client.OrderAsync(null, id, ("dns", "b.test"))).Problem);
        Assert.Equal("malformed", (await client.OrderAsync(null, "AAAA.BBBB", ("dns", "a.test"))).Problem);
        var (_, order) = await client.ObtainAsync(null, id, ("dns", "a.test"));
        Assert.Equal(id, order.Json["replaces"]!.ToString());
        var again = await client.OrderAsync(null, id, ("dns", "a.test"));
        Assert.Equal((HttpStatusCode.Conflict, "alreadyReplaced"), (again.Status, again.Problem));
    }

    [Fact]
    public async Task Replaces_ByAnOrderThatExpired_IsFreeAgain()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var id = AcmeRenewals.IdOf(Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData));
        var first = await client.OrderAsync(null, id, ("dns", "a.test"));
        Assert.Equal("alreadyReplaced", (await client.OrderAsync(null, id, ("dns", "a.test"))).Problem);
        server.Authority.Time.Advance(TimeSpan.FromMinutes(61));
        client.ForgetNonce();

        Assert.Null((await client.ObtainAsync(null, id, ("dns", "a.test"))).Order.Problem);

        var expired = await client.GetAsync(first.Location!);
        Assert.Equal("invalid", expired.Json["status"]!.ToString());
        Assert.Contains("expired", expired.Json["error"]!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoke_ByAccount_ByItsOwnKey_ByProvenNames_OnceEach()
    {
        await using var server = await AcmeServer.StartAsync();
        var (client, other, stranger) = (await server.RegisteredAsync(), await server.RegisteredAsync(), server.Client());
        var (first, _) = await client.ObtainAsync(null, null, ("dns", "a.test"));
        Assert.Equal("badRevocationReason", (await RevokeAsync(client, first.RawData, 6)).Problem);
        Assert.Equal("badRevocationReason", (await RevokeAsync(client, first.RawData, 99)).Problem);
        Assert.Null(ProblemOf(await RevokeAsync(client, first.RawData, 1)));
        Assert.Equal("alreadyRevoked", (await RevokeAsync(client, first.RawData, 1)).Problem);

        // By another account, once it has proven the same name.
        var (second, _) = await client.ObtainAsync(null, null, ("dns", "a.test"));
        Assert.Equal("unauthorized", (await RevokeAsync(other, second.RawData, null)).Problem);
        await other.AuthorizeAsync(await other.OrderAsync(("dns", "a.test")));
        Assert.Null(ProblemOf(await RevokeAsync(other, second.RawData, null)));

        // By the certificate's own key, without an account.
        var ready = await client.OrderAsync(("dns", "a.test"));
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var done = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "a.test")));
        var third = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem((await client.GetAsync(done.Json["certificate"]!.ToString())).Text);
        Assert.Equal("unauthorized", (await RevokeAsync(stranger, third.RawData, null)).Problem);
        stranger.Key = key;
        Assert.Null(ProblemOf(await RevokeAsync(stranger, third.RawData, 4)));
        Assert.Equal("malformed", (await RevokeAsync(client, server.Authority.Ceremony.Issuing.Der.ToArray(), null)).Problem);
        Assert.Equal("malformed", (await RevokeAsync(client, [1, 2, 3], null)).Problem);
    }

    private static string? ProblemOf(AcmeTestAnswer answer) => answer.Status == HttpStatusCode.OK ? null : answer.ToString();

    private static async Task<AcmeTestAnswer> RevokeAsync(AcmeTestClient client, byte[] der, int? reason)
    {
        var payload = new JsonObject { ["certificate"] = Base64Url.EncodeToString(der) };
        if (reason is not null)
        {
            payload["reason"] = reason;
        }

        return await client.PostAsync(await client.UrlAsync("revokeCert"), payload);
    }

    private static async Task<(DateTimeOffset Start, DateTimeOffset End, int RetryAfter)> InfoAsync(AcmeServer server, Certificate certificate)
    {
        using var client = server.Plain();
        using var answer = await client.GetAsync(new Uri(server.Https, "/acme/renewal-info/" + AcmeRenewals.IdOf(certificate)), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var window = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["suggestedWindow"]!;
        return (DateTimeOffset.Parse(window["start"]!.ToString(), CultureInfo.InvariantCulture), DateTimeOffset.Parse(window["end"]!.ToString(), CultureInfo.InvariantCulture), (int)answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
    }
}
