using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.Tpm;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

/// <summary>A software TPM enrols over ACME: EK chain, AK binding, certification, quote and the request's signature are all made by the TPM.</summary>
[Trait("tier", "full")]
public sealed class SwtpmTests
{
    private const string Device = "device-1";

    [Fact]
    public async Task Order_AttestedBySoftwareTpm_CertificateForItsKeyAlone()
    {
        await using var tpm = await SwTpm.StartAsync(Device);
        using var root = new AttestationRoot("AK Root");
        var (certificate, area) = (await tpm.CreateAttestationKeyAsync(root, $"2.5.4.5={Device}"), await tpm.CreateKeyAsync());
        var (_, _, pcrs) = await tpm.QuoteAsync(new byte[32], 0, 7);
        await using var server = await AcmeServer.StartAsync(attestation: Options(root, pcrs));
        var client = await server.RegisteredAsync();
        var id = ("spiffe", $"spiffe://{server.Authority.Services.Options.TrustDomain}/agent/device/{Device}");

        var order = await client.OrderAsync(id);
        var url = order.Json["authorizations"]![0]!.ToString();
        var challenge = (await client.GetAsync(url)).Json["challenges"]!.AsArray().Single(c => c!["type"]!.ToString() == "device-attest-01")!;
        var thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(AcmeTestClient.JwkOf(client.Key).ToJsonString())));
        var statement = await AttestAsync(tpm, certificate, area, $"{challenge["token"]}.{thumbprint}");
        await client.PostAsync(challenge["url"]!.ToString(), new JsonObject { ["attObj"] = Base64Url.EncodeToString(AttestationRoot.Encode("tpm", statement)) });
        var authorization = await client.PollAsync(url, "pending");
        Assert.True(authorization.Json["status"]!.ToString() == "valid", authorization.Text);

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("badCSR", (await client.FinalizeAsync(order, AcmeTestClient.Csr(other, id))).Problem);
        var done = await client.FinalizeAsync(order, tpm.Csr(id.Item2));
        Assert.True(done.Json["status"]?.ToString() == "valid", done.Text);
        using var issued = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem((await client.GetAsync(done.Json["certificate"]!.ToString())).Text);
        Assert.Equal(tpm.Key!.ExportSubjectPublicKeyInfo(), issued.PublicKey.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public async Task ValidateAsync_SoftwareTpmThatIsNotAsItShouldBe_Refused()
    {
        await using var tpm = await SwTpm.StartAsync(Device);
        using var root = new AttestationRoot("AK Root");
        using var foreign = new AttestationRoot("AK Root");
        var (certificate, area) = (await tpm.CreateAttestationKeyAsync(root, $"2.5.4.5={Device}"), await tpm.CreateKeyAsync());
        var (_, _, pcrs) = await tpm.QuoteAsync(new byte[32], 0, 7);
        var good = await AttestAsync(tpm, certificate, area, Challenge.KeyAuthorization);
        Challenge.AssertValid(await Attested.AskAsync(Options(root, pcrs), "tpm", good, Device));

        // The AK of a CA that this server does not know; another challenge's nonce; another device's name.
        Attested.AssertRefused(await Attested.AskAsync(Options(foreign, pcrs), "tpm", good, Device), "no configured attestation root");
        Attested.AssertRefused(await Attested.AskAsync(Options(root, pcrs), "tpm", await AttestAsync(tpm, certificate, area, "another"), Device), "another challenge");
        Attested.AssertRefused(await Attested.AskAsync(Options(root, pcrs), "tpm", good, "device-2"), "'device-1'");

        // The machine starts something else.
        await tpm.ExtendAsync(7, "something else");
        Attested.AssertRefused(await Attested.AskAsync(Options(root, pcrs), "tpm", await AttestAsync(tpm, certificate, area, Challenge.KeyAuthorization), Device), "PCR 7 of sha256");
    }

    private static DeviceAttestationOptions Options(AttestationRoot root, byte[][] pcrs) => new()
    {
        Tpm = new TpmOptions
        {
            Trust = new AttestationTrust { Roots = [root.Certificate] },
            Pcrs = [new PcrRule("sha256", 0, [Convert.ToHexString(pcrs[0])]), new PcrRule("sha256", 7, [Convert.ToHexString(pcrs[1])])],
        },
        Rules = [new DeviceRule("device-*", "/agent/device/{device}")],
    };

    private static async Task<Dictionary<string, object?>> AttestAsync(SwTpm tpm, byte[] certificate, byte[] area, string keyAuthorization)
    {
        var nonce = SHA256.HashData(Encoding.UTF8.GetBytes(keyAuthorization));
        var (certInfo, signature) = await tpm.CertifyAsync(nonce);
        var (quote, quoteSignature, values) = await tpm.QuoteAsync(nonce, 0, 7);
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["ver"] = "2.0",
            ["alg"] = -7,
            ["x5c"] = new[] { certificate },
            ["sig"] = signature,
            ["certInfo"] = certInfo,
            ["pubArea"] = area,
            ["quote"] = quote,
            ["quoteSig"] = quoteSignature,
            ["pcrs"] = values,
        };
    }
}
