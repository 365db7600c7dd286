using System.Net;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;

namespace AgentPki.Protocols.Tests.CertificateLists;

public sealed class CertificateListEndpointsTests
{
    [Fact]
    public async Task Crl_AfterARevocation_IsAnotherOne()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, _) = await whole.Authority.AgentAsync("agent-1");
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var first = await client.GetAsync("/crl/issuing.crl", TestContext.Current.CancellationToken);
        Assert.Equal("application/pkix-crl", first.Content.Headers.ContentType?.ToString());
        Assert.Equal(TimeSpan.FromMinutes(5), first.Headers.CacheControl?.MaxAge);
        Assert.Equal(HttpStatusCode.NotModified, await ConditionalAsync(client, first, tag: true));
        // A date tells nothing: the revocation is of the same second.
        Assert.Equal(HttpStatusCode.OK, await ConditionalAsync(client, first, tag: false));

        await whole.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await ConditionalAsync(client, first, tag: true));
        Assert.Equal(HttpStatusCode.OK, await ConditionalAsync(client, first, tag: false));
        var list = CertificateList.Parse(await client.GetByteArrayAsync("/crl/issuing.crl", TestContext.Current.CancellationToken));
        Assert.NotNull(list.Find(certificate.SerialNumber.Span));
        Assert.True(list.VerifySignature(whole.Authority.Services.Issuers.Find("issuing")!.Certificate.PublicKey, whole.Authority.Providers));
    }

    [Fact]
    public async Task Certificate_OfACa_IsTheOneTheAuthorityInformationAccessNames()
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        var (agent, _) = await whole.Authority.AgentAsync("agent-1");
        using var answer = await client.GetAsync("/ca/issuing.cer", TestContext.Current.CancellationToken);
        Assert.Equal("application/pkix-cert", answer.Content.Headers.ContentType?.ToString());
        var issuing = Certificate.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(agent.VerifySignature(issuing.PublicKey, whole.Authority.Providers));

        using var chain = await client.GetAsync("/ca/issuing.p7c", TestContext.Current.CancellationToken);
        Assert.Equal("application/pkcs7-mime; smime-type=certs-only", chain.Content.Headers.ContentType?.ToString());
        var certificates = CertsOnly.Parse(await chain.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, certificates.Count);
        Assert.Equal(issuing, certificates[0]);
        Assert.True(certificates[0].VerifySignature(certificates[1].PublicKey, whole.Authority.Providers));
    }

    [Theory]
    [InlineData("/crl/nobody.crl")]
    [InlineData("/crl/..%2f..%2fagentpki.crl")]
    [InlineData("/ca/nobody.cer")]
    [InlineData("/ca/nobody.p7c")]
    [InlineData("/ca/issuing.pem")]
    public async Task Get_UnknownCa_Is404(string path)
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Head_Crl_HasTheHeadersAndNoBody()
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/crl/issuing.crl"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.NotNull(head.Headers.ETag);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        using var post = await client.PostAsync("/crl/issuing.crl", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Equal(["GET", "HEAD"], post.Content.Headers.Allow);
    }

    private static async Task<HttpStatusCode> ConditionalAsync(HttpClient client, HttpResponseMessage known, bool tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, known.RequestMessage!.RequestUri);
        if (tag)
        {
            request.Headers.IfNoneMatch.Add(known.Headers.ETag!);
        }
        else
        {
            request.Headers.IfModifiedSince = known.Content.Headers.LastModified;
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
