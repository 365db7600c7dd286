using System.Net;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509;
using AgentPki.X509.Cms;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstDistributionTests
{
    [Theory]
    [InlineData("cacerts")]
    [InlineData("agent-short/cacerts")]
    public async Task CaCerts_HaveTheWholeChain(string operation)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.GetAsync(EstServer.Root + operation, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/pkcs7-mime; smime-type=certs-only", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("base64", answer.Headers.GetValues("Content-Transfer-Encoding").Single());
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(est.Authority.Chain, CertsOnly.Parse(Convert.FromBase64String(body)));
        Assert.Equal(body.Length - 1, body.IndexOf('\n', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nobody/cacerts")]
    [InlineData("nobody/csrattrs")]
    [InlineData("tls-server/cacerts")] // a profile of the appliance itself is nobody's label
    public async Task UnknownLabel_Is404WithAText(string operation)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.GetAsync(EstServer.Root + operation, TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.NotFound, "label");
    }

    [Fact]
    public async Task CsrAttrs_SayWhatTheProfileWantsAndNeverChallengePassword()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        foreach (var profile in ProfileCatalog.Defaults().All.Where(p => p.Use == ProfileUse.Agent))
        {
            using var answer = await client.GetAsync($"{EstServer.Root}{profile.Labels[0]}/csrattrs", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("application/csrattrs", answer.Content.Headers.ContentType?.ToString());
            var attributes = CsrAttributes.Parse(Convert.FromBase64String(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
            var key = profile.Keys[0].Key;
            Assert.Equal(new RequestedKey.Of(key), attributes.RequestedKey());
            Assert.Equal(new RequestedKey.Of(key), (attributes with { Attributes = [.. attributes.Attributes.Where(a => a.Oid != Oids.CertificationRequestInfoTemplate)] }).RequestedKey());
            string[] own = [.. key.CanSign ? Array.Empty<string>() : [Oids.StatementOfPossession], .. profile.RelatedCertificates ? [Oids.RelatedCertRequest] : Array.Empty<string>()];
            Assert.Equal([key.CanSign ? key.DefaultSignature.Oid : key.Oid, .. own], attributes.ObjectIdentifiers);
            // The template names them too, without a value: who knows templates reads nothing else (RFC 9908 §4).
            Assert.Equal(own, attributes.RequestedAttributes().Where(a => a.Values.Count == 0).Select(a => a.Oid));
            Assert.Contains(attributes.Attributes, a => a.Oid == Oids.CertificationRequestInfoTemplate);
            Assert.DoesNotContain(Oids.ChallengePassword, attributes.ObjectIdentifiers.Concat(attributes.Attributes.Select(a => a.Oid)));
        }
    }

    [Fact]
    public async Task CsrAttrs_AreThoseOfWhoeverAsks()
    {
        var profile = ProfileCatalog.Defaults().Default;
        var moved = profile with { Keys = [new KeyKind(KeyAlgorithm.EcdsaP384)] };
        await using var est = await EstServer.StartAsync(configure: services => services with
        {
            ProfileFor = (requester, _, _) => ValueTask.FromResult<CertificateProfile?>(requester is Requester.Credential ? moved : profile),
        });
        using var client = est.Client();
        foreach (var (basic, expected) in new[] { (false, SignatureAlgorithm.EcdsaSha256), (true, SignatureAlgorithm.EcdsaSha384), (false, SignatureAlgorithm.EcdsaSha256) })
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, EstServer.Root + "csrattrs");
            message.Headers.Authorization = basic ? new System.Net.Http.Headers.AuthenticationHeaderValue("Basic", Convert.ToBase64String("dev:secret"u8)) : null;
            using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
            Assert.Equal([expected.Oid], CsrAttributes.Parse(Convert.FromBase64String(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))).ObjectIdentifiers);
        }
    }

    [Theory]
    [InlineData("cacerts", "POST", "GET")]
    [InlineData("cacerts", "HEAD", "GET")]
    [InlineData("csrattrs", "DELETE", "GET")]
    [InlineData("simpleenroll", "GET", "POST")]
    [InlineData("agent/simplereenroll", "PUT", "POST")]
    [InlineData("serverkeygen", "HEAD", "POST")]
    [InlineData("fullcmc", "ENROLL", "POST")]
    public async Task OtherMethods_Are405WithAllow(string operation, string method, string allowed)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), EstServer.Root + operation), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, allowed), (answer.StatusCode, answer.Content.Headers.Allow.Single()));
    }

    [Theory]
    [InlineData("simplestenroll")]
    [InlineData("")]
    [InlineData("a/b/cacerts")]
    [InlineData("../cacerts")]
    public async Task UnknownOperation_Is404(string operation)
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var answer = await client.GetAsync(EstServer.Root + operation, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
