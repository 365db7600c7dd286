using System.Net;
using System.Net.Http.Headers;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Stores;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Protocols.Tests.CertificateLists;

/// <summary>CRLs that are served from their file.</summary>
public sealed class LongListEndpointTests
{
    private const int Revoked = 60_000; // some 3 MB: more than the sockets and Kestrel hold

    [Fact]
    public async Task Crl_ReplacedWhileItIsRead_IsReadToItsEnd()
    {
        await using var whole = await WholeServer.StartAsync(surroundings: e => e with { Stores = e.Stores with { CertificateLists = new ManyRevoked(e.Stores.CertificateLists, Revoked) } });
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var answer = await client.GetAsync("/crl/issuing.crl", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "application/pkix-crl"), (answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        for (var i = 0; i < 3; i++)
        {
            await whole.Authority.Services.CertificateLists.RegenerateAsync("issuing", TestContext.Current.CancellationToken);
        }

        var octets = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal(answer.Content.Headers.ContentLength, octets.Length);
        var list = CertificateList.Parse(octets);
        Assert.Equal((Revoked, 1L), (list.Count, list.Number));
        Assert.True(list.VerifySignature(whole.Authority.Ceremony.Issuing.PublicKey, whole.Authority.Providers));

        using var next = await client.GetAsync("/crl/issuing.crl", TestContext.Current.CancellationToken);
        Assert.Equal(4, CertificateList.Parse(await next.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Number);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/crl/issuing.crl");
        again.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(next.Headers.ETag!.ToString()));
        using var unchanged = await client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/crl/issuing.crl"), TestContext.Current.CancellationToken);
        Assert.Equal(next.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
    }
}
