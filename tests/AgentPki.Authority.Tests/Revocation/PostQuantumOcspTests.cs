using System.Globalization;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>Responders with a post-quantum or composite key under a CA of the same kind, where the profile takes such keys.</summary>
public sealed class PostQuantumOcspTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static TheoryData<string> Algorithms => [KeyAlgorithm.MlDsa65.Name, KeyAlgorithm.MlDsa65EcdsaP256.Name];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task RespondAsync_GoodThenRevoked_IsSignedByAResponderOfTheCasKind(string name)
    {
        await using var authority = await StartAsync(name);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");

        var good = await AskAsync(authority, certificate);
        RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise));
        var revoked = await AskAsync(authority, certificate);

        Assert.IsType<OcspCertificateStatus.Good>(good.Data!.Responses[0].Status);
        Assert.IsType<OcspCertificateStatus.Revoked>(revoked.Data!.Responses[0].Status);
        foreach (var answer in new[] { good, revoked })
        {
            var responder = Assert.Single(answer.Certificates);
            Assert.Equal(name, responder.PublicKey.Algorithm.Name);
            Assert.NotEqual(authority.Ceremony.Issuing.PublicKey, responder.PublicKey);
            Assert.True(responder.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
            Assert.True(answer.VerifySignature(responder.PublicKey, authority.Providers));
            Assert.False(answer.VerifySignature(authority.Ceremony.Issuing.PublicKey, authority.Providers));
            Assert.Equal(Nonce, answer.Data!.Nonce.ToArray());
        }
    }

    [Fact]
    public async Task RespondAsync_MlDsa_InOpenSsl_Verifies()
    {
        await using var authority = await StartAsync(KeyAlgorithm.MlDsa65.Name);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        using var openssl = new OpenSslTool(PqRuntime.OpenSsl);
        openssl.Write("response.der", (await AnswerAsync(authority, certificate, default)).Der.Span);
        foreach (var (file, written) in new[] { ("root.pem", authority.Ceremony.Root), ("issuing.pem", authority.Ceremony.Issuing), ("leaf.pem", certificate) })
        {
            openssl.Write(file, System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", written.Der.Span));
        }

        var at = authority.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var output = openssl.Run("ocsp", "-respin", "response.der", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-verify_other", "issuing.pem", "-attime", at, "-resp_text");

        Assert.Contains("Response verify OK", output, StringComparison.Ordinal);
        Assert.Contains("Cert Status: good", output, StringComparison.Ordinal);
    }

    private static Task<TestAuthority> StartAsync(string name)
    {
        var algorithm = KeyAlgorithm.Find(name)!;
        var profiles = ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "appliance-ocsp.yaml"
            ? (text.File, text.Yaml.Replace("keys: [ecdsa-p256,", $"keys: [{name}, ecdsa-p256,", StringComparison.Ordinal))
            : text));
        return TestAuthority.StartAsync(profiles: profiles, ceremony: o => o with { Root = o.Root with { KeyAlgorithm = algorithm }, Issuing = o.Issuing.With(new KeyKind(algorithm)) });
    }

    private static ValueTask<OcspAnswer> AnswerAsync(TestAuthority authority, Certificate certificate, ReadOnlyMemory<byte> nonce) =>
        authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)], nonce.Span), default);

    private static async Task<OcspResponse> AskAsync(TestAuthority authority, Certificate certificate) => OcspResponse.Parse((await AnswerAsync(authority, certificate, Nonce)).Der);
}
