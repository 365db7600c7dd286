using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Acme.Attestation.Tpm;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Attestation;

/// <summary>From order to certificate over the wire, with devices made by software.</summary>
public sealed class DeviceAttestFlowTests : IDisposable
{
    private readonly AttestationRoot _root = new("Device Root");
    private readonly SoftTpm _tpm = new();
    private readonly AndroidDevice _phone = new();

    private DeviceAttestationOptions Options => new()
    {
        Tpm = new TpmOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] } },
        AndroidKey = new AndroidKeyOptions { Trust = new AttestationTrust { Roots = [_root.Certificate] } },
        Rules = [new DeviceRule("*", "/agent/device/{device}")],
    };

    [Fact]
    public async Task Order_SpiffeIdOfAttestedDevice_CertificateForTheAttestedKeyAlone()
    {
        await using var server = await AcmeServer.StartAsync(attestation: Options);
        var client = await server.RegisteredAsync();
        var id = ("spiffe", $"spiffe://{server.Authority.Services.Options.TrustDomain}/agent/device/TPM-0001");
        var order = await AttestAsync(client, await client.OrderAsync(id), "tpm", key => _tpm.Attest(_root, key));
        Assert.True(order.Json["status"]!.ToString() == "ready", order.Text);

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("badCSR", (await client.FinalizeAsync(order, AcmeTestClient.Csr(other, id))).Problem);
        var done = await client.FinalizeAsync(order, AcmeTestClient.Csr(_tpm.Key, id));
        Assert.True(done.Json["status"]?.ToString() == "valid", done.Text);
    }

    [Fact]
    public async Task Order_SameDeviceWithAnotherKeyLater_AttestsAgain()
    {
        await using var server = await AcmeServer.StartAsync(attestation: Options);
        var client = await server.RegisteredAsync();
        var id = ("spiffe", $"spiffe://{server.Authority.Services.Options.TrustDomain}/agent/device/TPM-0001");
        await AttestAsync(client, await client.OrderAsync(id), "tpm", key => _tpm.Attest(_root, key));
        Assert.Equal("pending", (await client.OrderAsync(id)).Json["status"]!.ToString());
    }

    [Fact]
    public async Task Order_PermanentIdentifier_ForeignAttestationIsBadAttestationStatement()
    {
        await using var server = await AcmeServer.StartAsync(attestation: Options);
        var client = await server.RegisteredAsync();
        using var foreign = new AttestationRoot("Device Root");
        var placed = await client.OrderAsync(("permanent-identifier", "TPM-0001"));
        var order = await AttestAsync(client, placed, "tpm", key => _tpm.Attest(foreign, key));
        Assert.Equal("invalid", order.Json["status"]!.ToString());
        var authorization = await client.GetAsync(placed.Json["authorizations"]![0]!.ToString());
        Assert.EndsWith("badAttestationStatement", authorization.Json["challenges"]![0]!["error"]!["type"]!.ToString(), StringComparison.Ordinal);

        order = await AttestAsync(client, await client.OrderAsync(("permanent-identifier", "TPM-0001")), "tpm", key => _tpm.Attest(_root, key));
        Assert.Equal("valid", (await client.FinalizeAsync(order, AcmeTestClient.Csr(_tpm.Key))).Json["status"]!.ToString());
    }

    [Fact]
    public async Task Order_TwoDevicesWithTwoKeys_NoCertificateForEither()
    {
        await using var server = await AcmeServer.StartAsync(attestation: Options);
        var client = await server.RegisteredAsync();
        var id = ("spiffe", $"spiffe://{server.Authority.Services.Options.TrustDomain}/agent/device/TPM-0001");
        var order = await client.OrderAsync(("permanent-identifier", "R58M1234"), id);
        await AttestAsync(client, order, "tpm", key => _tpm.Attest(_root, key), 1);
        order = await AttestAsync(client, order, "android-key", key => _phone.Attest(_root, key));
        Assert.Equal("ready", order.Json["status"]!.ToString());
        Assert.Equal("unauthorized", (await client.FinalizeAsync(order, AcmeTestClient.Csr(_tpm.Key, id))).Problem);
        Assert.Equal("unauthorized", (await client.FinalizeAsync(order, AcmeTestClient.Csr(_phone.Key, id))).Problem);
    }

    public void Dispose()
    {
        _root.Dispose();
        _tpm.Dispose();
        _phone.Dispose();
    }

    /// <summary>Answers device-attest-01 of one authorization; the order afterwards.</summary>
    private static async Task<AcmeTestAnswer> AttestAsync(AcmeTestClient client, AcmeTestAnswer order, string format, Func<string, Dictionary<string, object?>> attest, int index = 0)
    {
        var authorization = await client.GetAsync(order.Json["authorizations"]![index]!.ToString());
        var challenge = authorization.Json["challenges"]!.AsArray().Single(c => c!["type"]!.ToString() == "device-attest-01")!;
        var thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(AcmeTestClient.JwkOf(client.Key).ToJsonString())));
        var statement = attest($"{challenge["token"]}.{thumbprint}");
        await client.PostAsync(challenge["url"]!.ToString(), new JsonObject { ["attObj"] = Base64Url.EncodeToString(AttestationRoot.Encode(format, statement)) });
        await client.PollAsync(authorization.Location ?? order.Json["authorizations"]![index]!.ToString(), "pending");
        return await client.GetAsync(order.Location!) with { Location = order.Location };
    }
}
