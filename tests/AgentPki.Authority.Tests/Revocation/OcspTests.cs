using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Org.BouncyCastle.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

public sealed class OcspTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Theory]
    [InlineData(Oids.Sha1)]
    [InlineData(Oids.Sha256)]
    public async Task RespondAsync_Issued_IsGoodAndSignedByTheDelegatedResponder(string hash)
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var answer = await RespondAsync(authority, [CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber, hash)]);
        Assert.IsType<OcspCertificateStatus.Good>(Assert.Single(answer.Data!.Responses).Status);
        var responder = Assert.Single(answer.Certificates);
        Assert.Equal([Oids.OcspSigning], responder.ExtendedKeyUsages);
        Assert.NotNull(responder.FindExtension(Oids.OcspNoCheck));
        Assert.True(responder.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
        Assert.IsType<ResponderId.ByKey>(answer.Data.Responder);
        Assert.NotEqual(authority.Ceremony.Issuing.PublicKey, responder.PublicKey);
    }

    [Fact]
    public async Task RespondAsync_InBouncyCastle_Verifies()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var issuer = new Org.BouncyCastle.X509.X509Certificate(authority.Ceremony.Issuing.Der.ToArray());
        var generator = new OcspReqGenerator();
        generator.AddRequest(new CertificateID(CertificateID.DigestSha1, issuer, new Org.BouncyCastle.Math.BigInteger(1, certificate.SerialNumber.ToArray())));
        var answer = await authority.Services.Ocsp.RespondAsync(generator.Generate().GetEncoded(), default);
        var basic = Assert.IsType<BasicOcspResp>(new OcspResp(answer.Der.ToArray()).GetResponseObject());
        Assert.True(basic.Verify(basic.GetCerts()[0].GetPublicKey()));
        Assert.Same(Org.BouncyCastle.Ocsp.CertificateStatus.Good, basic.Responses[0].GetCertStatus());
    }

    [Fact]
    public async Task RespondAsync_AfterTheRevocation_NeverSaysGood()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        CertId[] question = [CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)];
        Assert.IsType<OcspCertificateStatus.Good>((await RespondAsync(authority, question)).Data!.Responses[0].Status);
        await RevokeAsync(authority, certificate);
        var revoked = Assert.IsType<OcspCertificateStatus.Revoked>((await RespondAsync(authority, question)).Data!.Responses[0].Status);
        Assert.Equal((CrlReason.KeyCompromise, authority.Time.GetUtcNow()), (revoked.Reason, revoked.Time));
    }

    [Fact]
    public async Task RespondAsync_RevocationDuringTheSignature_IsNotKeptAsGood()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await authority.Services.MaintainAsync(default);
        var revoked = false;
        authority.Keys.BeforeSign = async _ =>
        {
            if (!revoked)
            {
                revoked = true;
                await RevokeAsync(authority, certificate);
            }
        };
        // "Good" was read before, the signature was made after: the answer is made again.
        var answer = await RespondAsync(authority, [CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]);
        Assert.IsType<OcspCertificateStatus.Revoked>(answer.Data!.Responses[0].Status);
    }

    [Fact]
    public async Task RespondAsync_AskedAgain_TouchesNeitherKeyNorStore()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var request = OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]);
        var first = await authority.Services.Ocsp.RespondAsync(request, default);
        var signatures = authority.Keys.Signatures;
        authority.Keys.IsGone = true;
        Assert.True(first.Cacheable);
        Assert.Equal(first.Der.ToArray(), (await authority.Services.Ocsp.RespondAsync(request, default)).Der.ToArray());
        Assert.Equal(signatures, authority.Keys.Signatures);
        // Before it ends there is a newer one.
        authority.Keys.IsGone = false;
        authority.Time.Advance(TestAuthority.DefaultOptions.OcspValidity / 2);
        Assert.True((await authority.Services.Ocsp.RespondAsync(request, default)).NextUpdate > first.NextUpdate);
    }

    [Fact]
    public async Task RespondAsync_Nonce_IsRepeatedAndNeverServedAgain()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        var id = CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber);
        var signatures = authority.Keys.Signatures;
        for (var i = 0; i < 2; i++)
        {
            var answer = await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([id], Nonce), default);
            Assert.False(answer.Cacheable);
            Assert.Equal(Nonce, OcspResponse.Parse(answer.Der).Data!.Nonce.ToArray());
        }

        Assert.True(authority.Keys.Signatures >= signatures + 2);
        Assert.True((await RespondAsync(authority, [id])).Data!.Nonce.IsEmpty);
    }

    [Fact]
    public async Task RespondAsync_NeverIssued_IsUnknownAndNotKept()
    {
        await using var authority = await TestAuthority.StartAsync();
        var answer = await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, new byte[] { 0x41, 1, 2 })]), default);
        Assert.IsType<OcspCertificateStatus.Unknown>(OcspResponse.Parse(answer.Der).Data!.Responses[0].Status);
        Assert.False(answer.Cacheable);
    }

    [Fact]
    public async Task RespondAsync_SeveralQuestions_AreAnsweredEach()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var other = await TestAuthority.StartAsync(ceremony: o => o with { Issuing = o.Issuing with { Subject = X509.Names.X500Name.FromRfc4514("CN=Other") } });
        var (good, _) = await authority.AgentAsync("a.agents.test");
        var (bad, _) = await authority.AgentAsync("b.agents.test");
        await RevokeAsync(authority, bad);
        var issuing = authority.Ceremony.Issuing;
        var answer = await RespondAsync(authority, [CertId.Create(issuing, good.SerialNumber), CertId.Create(other.Ceremony.Issuing, good.SerialNumber), CertId.Create(issuing, bad.SerialNumber), CertId.Create(issuing, new byte[] { 1 })]);
        Assert.Equal(
            [typeof(OcspCertificateStatus.Good), typeof(OcspCertificateStatus.Unknown), typeof(OcspCertificateStatus.Revoked), typeof(OcspCertificateStatus.Unknown)],
            answer.Data!.Responses.Select(r => r.Status.GetType()));
    }

    [Fact]
    public async Task RespondAsync_NotOurs_IsUnauthorized_Garbage_IsMalformed_TokenGone_IsTryLater()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var other = await TestAuthority.StartAsync(ceremony: o => o with { Issuing = o.Issuing with { Subject = X509.Names.X500Name.FromRfc4514("CN=Other") } });
        Assert.Equal(OcspResponseStatus.Unauthorized, (await RespondAsync(authority, [CertId.Create(other.Ceremony.Issuing, new byte[] { 1 })])).Status);
        // The root answers by CRL alone.
        Assert.Equal(OcspResponseStatus.Unauthorized, (await RespondAsync(authority, [CertId.Create(authority.Ceremony.Root, authority.Ceremony.Issuing.SerialNumber)])).Status);
        Assert.Equal(OcspResponseStatus.MalformedRequest, OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(new byte[] { 0x30, 0x00 }, default)).Der).Status);
        authority.Keys.IsGone = true;
        Assert.Equal(OcspResponseStatus.TryLater, (await RespondAsync(authority, [CertId.Create(authority.Ceremony.Issuing, new byte[] { 1 })])).Status);
    }

    [Fact]
    public async Task RespondAsync_KeyLies_IsAnInternalError()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.Services.MaintainAsync(default);
        authority.Keys.AfterSign = (_, signature) => [.. signature[..^1], (byte)(signature[^1] ^ 1)];
        Assert.Equal(OcspResponseStatus.InternalError, (await RespondAsync(authority, [CertId.Create(authority.Ceremony.Issuing, new byte[] { 1 })])).Status);
    }

    [Fact]
    public async Task Responder_RestartFindsItsCertificate_RenewsInTime_ChangesItsKeyByQuarter()
    {
        await using var authority = await TestAuthority.StartAsync();
        CertId[] question = [CertId.Create(authority.Ceremony.Issuing, new byte[] { 1 })];
        var first = (await RespondAsync(authority, question)).Certificates[0];
        await authority.RestartAsync();
        Assert.Equal(first, (await RespondAsync(authority, question)).Certificates[0]);
        authority.Time.Advance(TimeSpan.FromDays(10));
        var renewed = (await RespondAsync(authority, question)).Certificates[0];
        Assert.NotEqual(first.SerialHex, renewed.SerialHex);
        Assert.Equal(first.PublicKey, renewed.PublicKey);
        authority.Time.Advance(TimeSpan.FromDays(40));
        Assert.NotEqual(first.PublicKey, (await RespondAsync(authority, question)).Certificates[0].PublicKey);
    }

    [Fact]
    public async Task Responder_ItsCertificateRevoked_GetsAnotherKey()
    {
        await using var authority = await TestAuthority.StartAsync();
        CertId[] question = [CertId.Create(authority.Ceremony.Issuing, new byte[] { 1 })];
        var first = (await RespondAsync(authority, question)).Certificates[0];
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(first), RevocationReason.KeyCompromise, includeAppliance: true));
        Assert.NotEqual(first.PublicKey, (await RespondAsync(authority, question)).Certificates[0].PublicKey);
    }

    [Fact]
    public async Task Responder_MadeByManyAtOnce_IsOne()
    {
        await using var authority = await TestAuthority.StartAsync();
        CertId[] question = [CertId.Create(authority.Ceremony.Issuing, new byte[] { 1 })];
        var responders = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => (await RespondAsync(authority, question)).Certificates[0].SerialHex)));
        Assert.Single(responders.Distinct());
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
    }

    private static async Task<OcspResponse> RespondAsync(TestAuthority authority, IEnumerable<CertId> questions) =>
        OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode(questions), default)).Der);

    private static async Task RevokeAsync(TestAuthority authority, Certificate certificate) =>
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise));
}
