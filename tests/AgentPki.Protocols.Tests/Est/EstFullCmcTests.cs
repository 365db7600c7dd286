using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Cms.Cmc;
using AgentPki.X509.Der;

namespace AgentPki.Protocols.Tests.Est;

public sealed class EstFullCmcTests
{
    private const string Type = "application/pkcs7-mime; smime-type=CMC-request";

    [Theory]
    [InlineData(Type)]
    [InlineData("application/pkcs7-mime")]
    [InlineData("application/pkcs7-mime; smime-type=cmc-REQUEST")]
    public async Task FullCmc_RenewalSignedByTheAgent_IsIssued(string type)
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        await using var next = await TestAuthority.KeyAsync();
        var request = await TestAuthority.RequestAsync(next, "agent-1");
        var message = await SignAsync(PkiData.Encode([request.Der], [1, 2, 3, 4], 77), key, certificate);
        var (status, signed, response) = await PostAsync(whole, message, type);

        Assert.Equal(HttpStatusCode.OK, status);
        var info = Assert.Single(response.Statuses);
        Assert.Equal(CmcStatus.Success, info.Status);
        Assert.Equal([1u], info.BodyParts);
        Assert.Equal([77], response.TransactionId.ToArray());
        Assert.Equal([1, 2, 3, 4], response.RecipientNonce.ToArray());
        var signer = Assert.Single(signed.Verify(whole.Authority.Providers)!);
        Assert.Contains(Oids.CmcRa, signer.ExtendedKeyUsages!);
        var issued = Assert.Single(signed.Certificates, c => c.PublicKey.Equals(next.PublicKey));
        Assert.Equal(certificate.SpiffeId, issued.SpiffeId);
    }

    [Theory]
    [InlineData("ml-dsa-65")]
    [InlineData("mldsa65-ecdsa-p256")]
    public Task FullCmc_SignedWithAPostQuantumCertificate_IsIssued(string kind) => IssuedAsync(kind);

    // Twenty seconds of signing.
    [Fact, Trait("tier", "full")]
    public Task FullCmc_SignedWithAHashBasedCertificate_IsIssued() => IssuedAsync("slh-dsa-sha2-128s");

    private static async Task IssuedAsync(string kind)
    {
        await using var whole = await WholeServer.StartAsync();
        var algorithm = KeyAlgorithm.Find(kind)!;
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1", label: kind, algorithm: algorithm);
        await using var next = await TestAuthority.KeyAsync(algorithm);
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(next, "agent-1")).Der]), key, certificate);
        var (status, signed, response) = await PostAsync(whole, message);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(CmcStatus.Success, Assert.Single(response.Statuses).Status);
        Assert.Contains(signed.Certificates, c => c.PublicKey.Equals(next.PublicKey));
    }

    [Fact]
    public async Task FullCmc_ForAnotherName_IsAnEnrolmentOfAnotherAgent()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        await using var next = await TestAuthority.KeyAsync();
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(next, "agent-2")).Der]), key, certificate);
        var (status, signed, _) = await PostAsync(whole, message);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.EndsWith("agent-2", Assert.Single(signed.Certificates, c => c.PublicKey.Equals(next.PublicKey)).SpiffeId!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullCmc_SignedWithARevokedCertificate_IsRefused()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        await whole.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken);
        await using var next = await TestAuthority.KeyAsync();
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(next, "agent-1")).Der]), key, certificate);
        var (status, _, response) = await PostAsync(whole, message);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal((CmcStatus.Failed, CmcFailure.BadIdentity), (response.Statuses.Single().Status, response.Statuses.Single().Failure!.Value));
    }

    [Fact]
    public async Task FullCmc_ThatHop3Refuses_IsAnsweredInCmc()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        await using var next = await TestAuthority.KeyAsync();
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(next, "agent-1x")).Der]), key, certificate);
        var (status, _, response) = await PostAsync(whole, message, label: "agent-approval");
        // 'certificate: self' lets an agent enrol only itself.
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.NotEmpty(response.Statuses.Single().Text!);
    }

    [Fact]
    public async Task FullCmc_ThatWaitsForAPerson_IsPendingWithTheApprovalsId()
    {
        await using var est = await EstServer.StartAsync(configure: services => services with { CmsSigner = CmsSignerOfTests.CurrentAsync });
        est.Authority.Answer = _ => new EnrollmentOutcome.Pending("0123abcd", TimeSpan.FromSeconds(10));
        using var identity = est.Authority.ClientCertificate("agent-1");
        await using var key = new ForeignKey(identity);
        var message = await SignAsync(PkiData.Encode([Csr.Der("agent-2")]), key, Certificate.Parse(identity.RawData));
        using var client = est.Client();
        using var answer = await client.SendAsync(EstServer.Post("agent-approval/fullcmc", Convert.ToBase64String(message), basic: null, type: Type), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("10", answer.Headers.GetValues("Retry-After").Single());
        var signed = SignedData.Parse(Convert.FromBase64String(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        var info = PkiResponse.Parse(signed.Content).Statuses.Single();
        Assert.Equal(CmcStatus.Pending, info.Status);
        Assert.Equal("0123abcd"u8.ToArray(), info.Pending!.Token.ToArray());
        Assert.Equal(("cmc", EnrollmentKind.Enroll, "agent-approval"), (est.Authority.Asked.Single().Protocol, est.Authority.Asked.Single().Kind, est.Authority.Asked.Single().Label));
    }

    [Theory]
    [InlineData("crm", CmcFailure.BadRequest, "CRMF")]
    [InlineData("orm", CmcFailure.BadRequest, "orm")]
    [InlineData("two", CmcFailure.BadRequest, "exactly one")]
    [InlineData("none", CmcFailure.BadRequest, "exactly one")]
    [InlineData("control", CmcFailure.UnsupportedExtension, CmcOids.RevokeRequest)]
    [InlineData("nested", CmcFailure.BadRequest, "nested")]
    [InlineData("pop", CmcFailure.PopFailed, "")]
    [InlineData("algorithm", CmcFailure.BadAlgorithm, "1.2.3")]
    public async Task FullCmc_WhatIsNotServed_IsAnsweredInCmc(string what, CmcFailure failure, string says)
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        await using var next = await TestAuthority.KeyAsync();
        var csr = (await TestAuthority.RequestAsync(next, "agent-1")).Der.ToArray();
        var data = what switch
        {
            "two" => PkiData.Encode([csr, csr]),
            "none" => PkiData.Encode([]),
            "pop" => PkiData.Encode([Spoil(csr)]),
            "algorithm" => PkiData.Encode([OtherAlgorithm(csr)]),
            "crm" => Raw(w => Tagged(w, 0xA1, i => { using var s = i.Sequence(); i.WriteInteger(7); })),
            "orm" => Raw(w => Tagged(w, 0xA2, i => { i.WriteInteger(7); i.WriteOid("1.2.3.4"); i.WriteNull(); })),
            "control" => Raw(w => Tagged(w, 0xA0, i => { i.WriteInteger(1); i.WriteEncoded(csr); }), control: CmcOids.RevokeRequest),
            _ => Raw(w => Tagged(w, 0xA0, i => { i.WriteInteger(1); i.WriteEncoded(csr); }), nested: true),
        };
        var (status, _, response) = await PostAsync(whole, await SignAsync(data, key, certificate));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var info = response.Statuses.Single();
        Assert.Equal((CmcStatus.Failed, failure), (info.Status, info.Failure!.Value));
        Assert.Contains(says, info.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest, "empty")]
    [InlineData("AQIDBA==", HttpStatusCode.BadRequest, "SignedData")]
    [InlineData("****", HttpStatusCode.BadRequest, "base64")]
    public async Task FullCmc_NoCmsMessage_IsRefusedInText(string body, HttpStatusCode expected, string says)
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("fullcmc", body, type: Type), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, expected, says);
    }

    [Theory]
    [InlineData("application/pkcs10")]
    [InlineData("application/pkcs7-mime; smime-type=certs-only")]
    public async Task FullCmc_OtherMediaType_Is415(string type)
    {
        await using var whole = await WholeServer.StartAsync();
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("fullcmc", "AAAA", type: type), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.UnsupportedMediaType, "CMC-request");
    }

    [Fact]
    public async Task FullCmc_SignedByAForeigner_GetsNoSignatureOfOurs()
    {
        await using var whole = await WholeServer.StartAsync();
        await using var other = await TestAuthority.StartAsync();
        var (certificate, key) = await other.AgentAsync("agent-1");
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(key, "agent-1")).Der]), key, certificate);
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("fullcmc", Convert.ToBase64String(message), type: Type), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.Forbidden, "no CA of this appliance");
    }

    [Fact]
    public async Task FullCmc_ChangedAfterTheSignature_IsRefused()
    {
        await using var whole = await WholeServer.StartAsync();
        var (certificate, key) = await whole.Authority.AgentAsync("agent-1");
        var message = await SignAsync(PkiData.Encode([(await TestAuthority.RequestAsync(key, "agent-1")).Der], [9, 9, 9, 9]), key, certificate);
        var at = message.AsSpan().IndexOf((ReadOnlySpan<byte>)[4, 4, 9, 9, 9, 9]);
        message[at + 2] ^= 1;
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post("fullcmc", Convert.ToBase64String(message), type: Type), TestContext.Current.CancellationToken);
        await EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.BadRequest, "no signature that verifies");
    }

    private static async Task<(HttpStatusCode Status, SignedData Signed, PkiResponse Response)> PostAsync(WholeServer whole, byte[] message, string type = Type, string? label = null)
    {
        using var client = whole.Server.Client();
        using var answer = await client.SendAsync(EstServer.Post(label is null ? "fullcmc" : $"{label}/fullcmc", Convert.ToBase64String(message), basic: null, type: type), TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.Content.Headers.ContentType?.ToString() == "application/pkcs7-mime; smime-type=CMC-response", $"{answer.StatusCode}: {text}");
        var signed = SignedData.Parse(Convert.FromBase64String(text));
        Assert.Equal(Oids.CmcPkiResponse, signed.ContentType);
        return (answer.StatusCode, signed, PkiResponse.Parse(signed.Content));
    }

    private static ValueTask<byte[]> SignAsync(byte[] data, ISigningKey key, Certificate certificate) =>
        SignedData.CreateAsync(Oids.CmcPkiData, data, key, certificate, new SignedDataOptions(), CancellationToken.None);

    private static byte[] Spoil(byte[] csr)
    {
        var spoiled = csr.ToArray();
        var name = spoiled.AsSpan().IndexOf("agent-1"u8);
        spoiled[name + 6] = (byte)'9'; // what was signed says another name
        return spoiled;
    }

    private static byte[] OtherAlgorithm(byte[] csr)
    {
        // ecdsa-with-SHA256 (1.2.840.10045.4.3.2) becomes 1.2.3.… of the same length.
        var changed = csr.ToArray();
        var oid = changed.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]);
        new byte[] { 0x2A, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 }.CopyTo(changed, oid + 2);
        return changed;
    }

    private static byte[] Raw(Action<DerWriter> request, string? control = null, bool nested = false)
    {
        using var writer = new DerWriter(2048);
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                if (control is not null)
                {
                    using var attribute = writer.Sequence();
                    writer.WriteInteger(9);
                    writer.WriteOid(control);
                    using var values = writer.SetOf();
                    writer.WriteNull();
                }
            }

            using (writer.Sequence())
            {
                request(writer);
            }

            using (writer.Sequence())
            {
                if (nested)
                {
                    using var message = writer.Sequence();
                    writer.WriteInteger(3);
                }
            }

            writer.Write(DerTag.Sequence, []);
        }

        return writer.ToArray();
    }

    private static void Tagged(DerWriter writer, byte tag, Action<DerWriter> content)
    {
        using var tagged = writer.Constructed(tag);
        content(writer);
    }

    /// <summary>The key of a certificate that .NET made, as a signing key of ours.</summary>
    private sealed class ForeignKey(X509Certificate2 certificate) : ISigningKey
    {
        private readonly ECDsa _key = certificate.GetECDsaPrivateKey()!;

        public KeyReference Reference { get; } = new("test", "foreign");

        public KeyAlgorithm Algorithm => KeyAlgorithm.EcdsaP256;

        public KeyPurpose Purpose => KeyPurpose.Subject;

        public KeyProtection Protection => KeyProtection.Software;

        public Cryptography.PublicKey PublicKey => Cryptography.PublicKey.Parse(_key.ExportSubjectPublicKeyInfo());

        public ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            new(_key.SignData(message.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

        public ValueTask DisposeAsync()
        {
            _key.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
