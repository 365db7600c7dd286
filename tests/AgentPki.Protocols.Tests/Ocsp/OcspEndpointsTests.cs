using System.Net;
using System.Net.Http.Headers;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Ocsp;

public sealed class OcspEndpointsTests
{
    [Fact]
    public async Task Get_GoodCertificate_MayBeCachedUntilItEnds()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, _) = await whole.Authority.AgentAsync("agent-1");
        using var client = whole.Server.Client(to: whole.Server.Http);
        var path = GetPath(whole, certificate);
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/ocsp-response", answer.Content.Headers.ContentType?.ToString());
        var response = OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.IsType<OcspCertificateStatus.Good>(response.Data!.Responses.Single().Status);
        Assert.Equal(TimeSpan.FromMinutes(5), answer.Headers.CacheControl?.MaxAge);
        Assert.True(answer.Headers.CacheControl?.Public);
        Assert.Equal(whole.Authority.Time.GetUtcNow().AddMinutes(5), answer.Content.Headers.Expires);
        Assert.Equal(response.Data.ProducedAt, answer.Content.Headers.LastModified);

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var unchanged = await client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        // RFC 5019 §6.2: never beyond nextUpdate.
        whole.Authority.Time.Advance(TimeSpan.FromMinutes(29));
        using var later = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.True(later.Headers.CacheControl?.MaxAge <= TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task GetAndPost_AfterRevocation_SayRevokedAtOnce()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, _) = await whole.Authority.AgentAsync("agent-1");
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var before = await client.GetAsync(GetPath(whole, certificate), TestContext.Current.CancellationToken);
        await whole.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);

        using var conditional = new HttpRequestMessage(HttpMethod.Get, GetPath(whole, certificate));
        conditional.Headers.IfNoneMatch.Add(before.Headers.ETag!);
        using var get = await client.SendAsync(conditional, TestContext.Current.CancellationToken);
        Assert.IsType<OcspCertificateStatus.Revoked>(await StatusAsync(get));
        using var post = await client.PostAsync("/ocsp", Body(Question(whole, certificate)), TestContext.Current.CancellationToken);
        Assert.IsType<OcspCertificateStatus.Revoked>(await StatusAsync(post));
    }

    [Theory]
    [InlineData("/ocsp")]
    [InlineData("/ocsp/")]
    public async Task Post_WithANonce_RepeatsItAndIsNotCached(string path)
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, _) = await whole.Authority.AgentAsync("agent-1");
        using var client = whole.Server.Client(to: whole.Server.Http);
        byte[] nonce = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        var request = OcspRequest.Encode([CertId.Create(Issuing(whole), certificate.SerialNumber)], nonce);
        using var answer = await client.PostAsync(path, Body(request), TestContext.Current.CancellationToken);
        var response = OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(nonce, response.Data!.Nonce.ToArray());
        Assert.Null(answer.Headers.ETag);

        using var get = await client.GetAsync("/ocsp/" + Uri.EscapeDataString(Convert.ToBase64String(request)), TestContext.Current.CancellationToken);
        Assert.True(get.Headers.CacheControl?.NoCache);
        Assert.Null(get.Headers.ETag);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 2, 3, 4 })]
    [InlineData(new byte[] { 0x30, 0x82, 0x01, 0x00, 0x30 })]
    public async Task Post_Noise_IsMalformedRequest(byte[] body)
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var answer = await client.PostAsync("/ocsp", Body(body), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(OcspResponseStatus.MalformedRequest, OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Status);
    }

    [Theory]
    [InlineData("/ocsp/%25%25%25")]
    [InlineData("/ocsp/MIIB")]
    [InlineData("/ocsp/")]
    public async Task Get_Noise_IsMalformedRequestAndNotCached(string path)
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(OcspResponseStatus.MalformedRequest, OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Status);
        Assert.True(answer.Headers.CacheControl?.NoCache);
    }

    [Fact]
    public async Task Post_ForeignIssuer_IsUnauthorized()
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        var foreign = new ScriptedAuthority().Chain[0];
        using var answer = await client.PostAsync("/ocsp", Body(OcspRequest.Encode([CertId.Create(foreign, foreign.SerialNumber)])), TestContext.Current.CancellationToken);
        Assert.Equal(OcspResponseStatus.Unauthorized, OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Status);
    }

    [Fact]
    public async Task Http_WrongTypeSizeOrMethod_IsRefusedByHttp()
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client(to: whole.Server.Http);
        using var type = await client.PostAsync("/ocsp", new StringContent("x"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, type.StatusCode);
        using var size = await client.PostAsync("/ocsp", Body(new byte[5000]), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, size.StatusCode);
        using var method = await client.PutAsync("/ocsp", Body([1]), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET POST"), (method.StatusCode, string.Join(" ", method.Content.Headers.Allow)));
    }

    private static Certificate Issuing(WholeServer whole) => whole.Authority.Services.Issuers.Find("issuing")!.Certificate;

    private static byte[] Question(WholeServer whole, Certificate certificate) => OcspRequest.Encode([CertId.Create(Issuing(whole), certificate.SerialNumber)]);

    private static string GetPath(WholeServer whole, Certificate certificate) => "/ocsp/" + Uri.EscapeDataString(Convert.ToBase64String(Question(whole, certificate)));

    private static ByteArrayContent Body(byte[] der) => new(der) { Headers = { ContentType = new MediaTypeHeaderValue("application/ocsp-request") } };

    private static async Task<OcspCertificateStatus> StatusAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return OcspResponse.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Data!.Responses.Single().Status;
    }
}
