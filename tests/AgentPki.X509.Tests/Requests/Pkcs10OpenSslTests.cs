using System.Net;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using AgentPki.X509.Tests.Support;
using Xunit;

namespace AgentPki.X509.Tests.Requests;

/// <summary>Requests of the openssl command line in every algorithm, and ours read by it.</summary>
public sealed class Pkcs10OpenSslTests
{
    private const string Configuration = """
        [req]
        distinguished_name = dn
        req_extensions = ext
        prompt = no
        attributes = attrs
        [dn]
        O = Exämple
        CN = agent-7
        [other]
        CN = other
        [attrs]
        challengePassword = a secret
        [ext]
        subjectAltName = DNS:agent-7.example, URI:spiffe://agents.example/agent-7, IP:10.0.0.7, IP:2001:db8::7, email:a@example.org, dirName:other
        basicConstraints = CA:FALSE
        keyUsage = critical, digitalSignature, keyAgreement
        extendedKeyUsage = clientAuth, serverAuth
        """;

    public static TheoryData<string, string[], string[]> Algorithms => new()
    {
        { "ecdsa-sha256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"] },
        { "ecdsa-sha384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"] },
        { "ecdsa-sha512", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha512"] },
        { "rsa-pkcs1-sha256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha256"] },
        { "rsa-pkcs1-sha384", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha384"] },
        { "rsa-pkcs1-sha512", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], ["-sha512"] },
        { "rsa-pss-sha256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] },
        { "rsa-pss-sha384", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] },
        { "ed25519", ["-algorithm", "ED25519"], [] },
    };

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Parse_RequestOfOpenSsl_ReadsEveryFieldAndVerifies(string expected, string[] key, string[] digest)
    {
        using var openssl = new OpenSslTool();
        openssl.Write("req.cnf", Configuration);
        openssl.Run(["genpkey", .. key, "-out", "key.pem"]);
        openssl.Run(["req", "-new", "-utf8", "-key", "key.pem", "-config", "req.cnf", "-outform", "DER", "-out", "req.der", .. digest]);

        var request = Pkcs10Request.Parse(openssl.Read("req.der"));

        Assert.Equal(expected, request.SignatureAlgorithm.Name);
        Assert.True(request.VerifySignature(TestPki.Providers));
        Assert.Equal("agent-7", request.Subject.CommonName);
        Assert.Equal("Exämple", request.Subject.Find(Oids.Organization));
        Assert.Equal("a secret", request.ChallengePassword);
        Assert.Equal(
            [
                new GeneralName.Dns("agent-7.example"), new GeneralName.Uri("spiffe://agents.example/agent-7"), new GeneralName.Ip(IPAddress.Parse("10.0.0.7")),
                new GeneralName.Ip(IPAddress.Parse("2001:db8::7")), new GeneralName.Rfc822("a@example.org"), new GeneralName.Directory(X500Name.Create((Oids.CommonName, "other"))),
            ],
            request.SubjectAlternativeNames);
        Assert.Equal(new BasicConstraints(false, null), request.RequestedBasicConstraints);
        Assert.Equal(KeyUsages.DigitalSignature | KeyUsages.KeyAgreement, request.RequestedKeyUsages);
        Assert.Equal([Oids.ClientAuth, Oids.ServerAuth], request.RequestedExtendedKeyUsages);
    }

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("rsa-2048")]
    [InlineData("ed25519")]
    public async Task CreateAsync_EveryKeyKind_OpenSslVerifies(string keyName)
    {
        var key = TestPki.Key(KeyAlgorithm.Find(keyName)!);
        var options = new Pkcs10Options
        {
            ChallengePassword = "geheim",
            Extensions = [X509Extension.KeyUsage(KeyUsages.DigitalSignature), X509Extension.ExtendedKeyUsage(Oids.ClientAuth)],
        };
        var der = await Pkcs10Request.CreateAsync(
            X500Name.FromRfc4514("CN=agent-7,O=Example"), [new GeneralName.Uri("spiffe://agents.example/agent-7")], key, options, TestContext.Current.CancellationToken);

        using var openssl = new OpenSslTool();
        openssl.Write("req.der", der);
        var text = openssl.Run("req", "-inform", "DER", "-in", "req.der", "-verify", "-noout", "-text");

        Assert.Contains("verify OK", text, StringComparison.Ordinal);
        Assert.Contains("URI:spiffe://agents.example/agent-7", text, StringComparison.Ordinal);
        Assert.Contains("geheim", text, StringComparison.Ordinal);
        var request = Pkcs10Request.Parse(der);
        Assert.True(request.VerifySignature(TestPki.Providers));
        Assert.Equal("CN=agent-7,O=Example", request.Subject.ToString());
    }
}
