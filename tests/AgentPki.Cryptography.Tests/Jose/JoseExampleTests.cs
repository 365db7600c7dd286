using System.Text;
using System.Text.Json;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Testing.Jose;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

/// <summary>What others made: the printed examples of the RFCs, and tests/vectors/jose.</summary>
public sealed class JoseExampleTests
{
    // RFC 7515 A.1.1: the payload of A.1 to A.3.
    private const string Rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    private static readonly IReadOnlyDictionary<string, Vector> Vectors =
        File.ReadLines(Path.Combine(Root(), "tests", "vectors", "jose", "vectors.jsonl"))
            .Select(line => JsonSerializer.Deserialize<Vector>(line, JsonSerializerOptions.Web)!)
            .ToDictionary(v => $"{v.Name} by {v.Tool}");

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Jwk_OfAnotherImplementation_HasItsThumbprintAndComesBack(string name)
    {
        var vector = Vectors[name];
        Assert.True(Jwk.TryParse(Encoding.UTF8.GetBytes(vector.Jwk), out var jwk, out var error), error?.Text);
        Assert.Equal(vector.Thumbprint, jwk.Thumbprint());
        Assert.True(Jwk.TryParse(jwk.ToCanonicalJson(), out var again, out error), error?.Text);
        Assert.Equal(jwk.Key, again.Key);
        Assert.Equal(vector.Thumbprint, Jwk.Of(jwk.Key).Thumbprint());
        Assert.True(PublicKey.TryParseForVerification(jwk.Key.SubjectPublicKeyInfo, out var stored, out var wrong), wrong);
        Assert.Equal(jwk.Key, stored);
        Assert.Equal(jwk.Key.Algorithm, stored.Algorithm);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Jws_OfAnotherImplementation_Verifies(string name)
    {
        var vector = Vectors[name];
        Assert.True(FlattenedJws.TryParse(Encoding.UTF8.GetBytes(vector.Jws), JwsUse.Signature, out var jws, out var error), error?.Text);
        Assert.Equal(vector.Alg, jws.Algorithm.Name);
        Assert.Equal("https://ca.example/acme/new-account", jws.Url);
        Assert.Contains("termsOfServiceAgreed", Encoding.UTF8.GetString(jws.Payload.Span), StringComparison.Ordinal);
        Assert.True(jws.Verify(jws.Jwk!.Key, JwsMaker.Providers));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Jws_WithAnotherSignature_DoesNotVerify(string name)
    {
        var members = JsonSerializer.Deserialize<Dictionary<string, string>>(Vectors[name].Jws)!;
        var signature = JoseBase64.Decode(Encoding.ASCII.GetBytes(members["signature"]))!;
        var other = JwsMaker.Base64("{}");

        Assert.False(Verifies(members["protected"], other, signature), "another payload");
        Assert.False(Verifies(members["protected"], members["payload"], signature[..^1]), "a signature cut short");
        Assert.False(Verifies(members["protected"], members["payload"], [.. signature, 0]), "a signature with an octet more");
        for (var at = 0; at < signature.Length; at += 1 + signature.Length / 7)
        {
            byte[] wrong = [.. signature];
            wrong[at] ^= 0x10;
            Assert.False(Verifies(members["protected"], members["payload"], wrong), $"octet {at} changed");
        }
    }

    // RFC 7638 §3.1
    [Fact]
    public void Thumbprint_OfRfc7638_IsItsExample()
    {
        const string Key = """
            {
              "kty": "RSA",
              "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
              "e": "AQAB",
              "alg": "RS256",
              "kid": "2011-04-29"
            }
            """;
        Assert.True(Jwk.TryParse(Encoding.UTF8.GetBytes(Key), out var jwk, out var error), error?.Text);
        Assert.Equal(KeyAlgorithm.Rsa2048, jwk.Key.Algorithm);
        Assert.Equal(JwsAlgorithm.Rs256, jwk.Algorithm);
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", jwk.Thumbprint());
    }

    // RFC 8037 A.2, A.3, A.4
    [Fact]
    public void Ed25519_OfRfc8037_IsItsExample()
    {
        var jwk = Parse("""{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""");
        Assert.Equal("""{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""", Encoding.ASCII.GetString(jwk.ToCanonicalJson()));
        Assert.Equal("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", jwk.Thumbprint());

        var jws = Flat("eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", JwsUse.Signature);
        Assert.Equal("Example of Ed25519 signing", Encoding.ASCII.GetString(jws.Payload.Span));
        Assert.True(jws.Verify(jwk.Key, JwsMaker.Providers));
    }

    // RFC 7515 A.1
    [Fact]
    public void Hs256_OfRfc7515_IsItsExample()
    {
        var secret = JoseBase64.Decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"u8)!;
        var jws = Flat("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", Rfc7515Payload, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", JwsUse.Mac);
        Assert.True(jws.VerifyMac(secret));
        secret[^1] ^= 1;
        Assert.False(jws.VerifyMac(secret));
    }

    // RFC 7515 A.2
    [Fact]
    public void Rs256_OfRfc7515_IsItsExample()
    {
        var jwk = Parse("""{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}""");
        var jws = Flat(
            "eyJhbGciOiJSUzI1NiJ9",
            Rfc7515Payload,
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            JwsUse.Signature);
        Assert.True(jws.Verify(jwk.Key, JwsMaker.Providers));
    }

    // RFC 7515 A.3
    [Fact]
    public void Es256_OfRfc7515_IsItsExample()
    {
        var jwk = Parse("""{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""");
        var jws = Flat("eyJhbGciOiJFUzI1NiJ9", Rfc7515Payload, "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", JwsUse.Signature);
        Assert.True(jws.Verify(jwk.Key, JwsMaker.Providers));
        Assert.False(jws.Verify(JwsMaker.Key(KeyAlgorithm.EcdsaP256).PublicKey, JwsMaker.Providers));
    }

    private static bool Verifies(string header, string payload, byte[] signature) =>
        FlattenedJws.TryParse(Encoding.ASCII.GetBytes(JwsMaker.Flat(header, payload, JwsMaker.Base64(signature))), JwsUse.Signature, out var jws, out _) && jws.Verify(jws.Jwk!.Key, JwsMaker.Providers);

    private static FlattenedJws Flat(string header, string payload, string signature, JwsUse use)
    {
        Assert.True(FlattenedJws.TryParse(Encoding.ASCII.GetBytes(JwsMaker.Flat(header, payload, signature)), use, out var jws, out var error), error?.Text);
        return jws;
    }

    private static Jwk Parse(string json)
    {
        Assert.True(Jwk.TryParse(Encoding.ASCII.GetBytes(json), out var jwk, out var error), error?.Text);
        return jwk;
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }

    private sealed record Vector(string Tool, string Name, string Alg, string Jwk, string Thumbprint, string Jws);
}
