using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using Key = AgentPki.Cryptography.PublicKey;

namespace AgentPki.Protocols.Tests.Acme.AuthorityTokens;

/// <summary>From order to certificate over the wire, with an authority's tokens.</summary>
public sealed class AuthorityTokenFlowTests : IDisposable
{
    private readonly ECDsa _authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public async Task Order_WithAToken_CertificateAndTheTokenIsGoodForNoOtherAuthorization()
    {
        await using var server = await AcmeServer.StartAsync(tokens: new AuthorityTokenOptions { Authorities = [new TokenAuthority(Key.Parse(_authority.ExportSubjectPublicKeyInfo()), ["/agent/fleet/*"])] });
        var client = await server.RegisteredAsync();
        var id = ("spiffe", $"spiffe://{server.Authority.Services.Options.TrustDomain}/agent/fleet/7");
        var expires = server.Authority.Time.GetUtcNow().AddMinutes(10);
        var token = Token(client, id.Item2, "id-1", expires);
        var order = await client.OrderAsync(id);
        var authorization = await AnswerAsync(client, order, token);
        Assert.True(authorization.Json["status"]!.ToString() == "valid", authorization.Text);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("valid", (await client.FinalizeAsync(order, AcmeTestClient.Csr(key, id))).Json["status"]!.ToString());

        // The client gives the authorization up and wants the same again, with the same token.
        await client.PostAsync(order.Json["authorizations"]![0]!.ToString(), new JsonObject { ["status"] = "deactivated" });
        authorization = await AnswerAsync(client, await client.OrderAsync(id), token);
        var error = authorization.Json["challenges"]![0]!["error"]!;
        Assert.Equal("invalid", authorization.Json["status"]!.ToString());
        Assert.EndsWith("unauthorized", error["type"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("'id-1' was used already", error["detail"]!.ToString(), StringComparison.Ordinal);
        authorization = await AnswerAsync(client, await client.OrderAsync(id), Token(client, id.Item2, "id-2", expires));
        Assert.True(authorization.Json["status"]!.ToString() == "valid", authorization.Text);
    }

    public void Dispose() => _authority.Dispose();

    private static async Task<AcmeTestAnswer> AnswerAsync(AcmeTestClient client, AcmeTestAnswer order, string token)
    {
        var url = order.Json["authorizations"]![0]!.ToString();
        await client.PostAsync(AcmeTestClient.ChallengeOf(await client.GetAsync(url), "tkauth-01"), new JsonObject { ["tkauth"] = token });
        return await client.PollAsync(url, "pending");
    }

    private string Token(AcmeTestClient client, string agent, string id, DateTimeOffset expires)
    {
        var thumbprint = SHA256.HashData(Encoding.UTF8.GetBytes(AcmeTestClient.JwkOf(client.Key).ToJsonString()));
        var claims = new JsonObject
        {
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["jti"] = id,
            ["atc"] = new JsonObject { ["tktype"] = "spiffe", ["tkvalue"] = agent, ["fingerprint"] = "SHA256 " + string.Join(':', thumbprint.Select(b => b.ToString("X2"))) },
        };
        var input = $"{Base64Url.EncodeToString("""{"alg":"ES256"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{input}.{Base64Url.EncodeToString(_authority.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }
}
