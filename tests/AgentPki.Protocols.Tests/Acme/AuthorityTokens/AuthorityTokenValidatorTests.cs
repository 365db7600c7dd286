using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Time.Testing;
using CryptoProviders = AgentPki.Cryptography.CryptoProviders;
using Key = AgentPki.Cryptography.PublicKey;

namespace AgentPki.Protocols.Tests.Acme.AuthorityTokens;

public sealed class AuthorityTokenValidatorTests : IDisposable
{
    private const string Agent = "spiffe://agents.test/agent/fleet/7";
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly FakeTimeProvider _time = new(Start);
    private IChallengeValidator? _validator;

    private IChallengeValidator Validator => _validator ??= Make(Authority());

    [Fact]
    public void Validators_NoAuthorities_NotOffered() => Assert.Empty(AuthorityTokenChallenge.Validators(new AuthorityTokenOptions(), new CryptoProviders(new PlatformProvider()), _time));

    [Theory]
    [InlineData("spiffe", Agent, true)]
    [InlineData("spiffe", "spiffe://agents.test/agent/other/7", false)]
    [InlineData("dns", "fleet.test", false)]
    [InlineData("permanent-identifier", "7", false)]
    public void Handles_WhatAnAuthorityMayGive(string type, string value, bool handled) => Assert.Equal(handled, Validator.Handles(AcmeIdentifier.Parse(type, value), false));

    [Fact]
    public void Members_SayTypeAndWhereTokensAre()
    {
        Assert.Equal("atc", Validator.Members["tkauth-type"]);
        Assert.Equal("https://tokens.test/", Validator.Members["token-authority"]);
    }

    [Fact]
    public async Task ValidateAsync_GoodToken_Valid() => Assert.Contains("id-1", Challenge.AssertValid(await AskAsync(Claims())), StringComparison.Ordinal);

    [Theory]
    [InlineData("expired", "expired")]
    [InlineData("too long", "wants shorter")]
    [InlineData("not yet", "nbf")]
    [InlineData("another issuer", "not signed by an authority")]
    [InlineData("another type", "is for TNAuthList:")]
    [InlineData("another agent", "is for spiffe:spiffe://agents.test/agent/fleet/8")]
    [InlineData("another account", "another account")]
    [InlineData("ca", "CA's certificate")]
    public async Task ValidateAsync_TokenForSomethingElse_Unauthorized(string what, string because)
    {
        var claims = Claims();
        var atc = claims["atc"]!.AsObject();
        switch (what)
        {
            case "expired": claims["exp"] = Start.ToUnixTimeSeconds(); break;
            case "too long": claims["exp"] = Start.AddDays(2).ToUnixTimeSeconds(); break;
            case "not yet": claims["nbf"] = Start.AddMinutes(1).ToUnixTimeSeconds(); break;
            case "another issuer": claims["iss"] = "elsewhere"; break;
            case "another type": atc["tktype"] = "TNAuthList"; break;
            case "another agent": atc["tkvalue"] = "spiffe://agents.test/agent/fleet/8"; break;
            case "another account": atc["fingerprint"] = "SHA256 " + string.Join(':', Enumerable.Repeat("AB", 32)); break;
            case "ca": atc["ca"] = true; break;
        }

        Challenge.AssertInvalid(AcmeErrorType.Unauthorized, await AskAsync(claims), because);
    }

    [Theory]
    [InlineData("exp")]
    [InlineData("jti")]
    [InlineData("atc")]
    [InlineData("atc.tktype")]
    [InlineData("atc.tkvalue")]
    [InlineData("atc.fingerprint")]
    public async Task ValidateAsync_ClaimMissing_Malformed(string claim)
    {
        var claims = Claims();
        if (claim.Split('.') is [_, var inner])
        {
            claims["atc"]!.AsObject().Remove(inner);
        }
        else
        {
            claims.Remove(claim);
        }

        Challenge.AssertInvalid(AcmeErrorType.Malformed, await AskAsync(claims), claim.Split('.')[^1]);
    }

    [Theory]
    [InlineData("SHA1 AB")]
    [InlineData("SHA256 AB:CD")]
    [InlineData("SHA256")]
    public async Task ValidateAsync_FingerprintOfAnotherForm_Malformed(string fingerprint)
    {
        var claims = Claims();
        claims["atc"]!["fingerprint"] = fingerprint;
        Challenge.AssertInvalid(AcmeErrorType.Malformed, await AskAsync(claims), "fingerprint");
    }

    [Fact]
    public async Task ValidateAsync_SignedByAnother_Unauthorized()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The header's own key is not believed.
        var header = new JsonObject { ["alg"] = "ES256", ["typ"] = "JWT", ["jwk"] = Testing.Acme.AcmeTestClient.JwkOf(other) };
        Challenge.AssertInvalid(AcmeErrorType.Unauthorized, await AskTextAsync(Sign(header, Claims(), other)), "not signed by an authority");
    }

    [Theory]
    [InlineData("none", "alg is not taken")]
    [InlineData("HS256", "alg is not taken")]
    [InlineData("ES999", "alg is not taken")]
    public async Task ValidateAsync_AlgThatIsNoSignature_Malformed(string algorithm, string because) =>
        Challenge.AssertInvalid(AcmeErrorType.Malformed, await AskTextAsync(Sign(new JsonObject { ["alg"] = algorithm }, Claims(), _key)), because);

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AA")]
    [InlineData("!.e30.AA")]
    public async Task ValidateAsync_NoToken_Malformed(string token) => Challenge.AssertInvalid(AcmeErrorType.Malformed, await AskTextAsync(token));

    [Fact]
    public async Task ValidateAsync_CriticalHeaderOrNoPayloadMember_Malformed()
    {
        Challenge.AssertInvalid(AcmeErrorType.Malformed, await AskTextAsync(Sign(new JsonObject { ["alg"] = "ES256", ["crit"] = new JsonArray("x") }, Claims(), _key)), "crit");
        Challenge.AssertInvalid(AcmeErrorType.Malformed, await Validator.ValidateAsync(Challenge.Request("spiffe", Agent), TestContext.Current.CancellationToken), "tkauth");
    }

    [Fact]
    public async Task ValidateAsync_GoodToken_IsSpentUntilItEnds()
    {
        var (first, again) = (await SpentAsync(Claims()), await SpentAsync(Claims()));
        Assert.Equal(first.Id, again.Id);
        Assert.Equal(Start.AddMinutes(10), first.Expires);
        var claims = Claims();
        claims["jti"] = "id-2";
        Assert.NotEqual(first.Id, (await SpentAsync(claims)).Id);
        // Another authority counts by itself.
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _validator = Make(new TokenAuthority(Key.Parse(other.ExportSubjectPublicKeyInfo()), ["/agent/fleet/*"]));
        var theirs = Assert.IsType<ValidationResult.Valid>(await AskTextAsync(Sign(new JsonObject { ["alg"] = "ES256" }, Claims(), other)));
        Assert.NotEqual(first.Id, theirs.Spends!.Id);

        async Task<OneUse> SpentAsync(JsonObject c) => Assert.IsType<ValidationResult.Valid>(await AskAsync(c)).Spends!;
    }

    [Fact]
    public async Task ValidateAsync_SpiffeIdThatTheAuthorityMayNotGive_Unauthorized()
    {
        // Two authorities: the one that may give it did not sign.
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _validator = Make(Authority() with { Paths = ["/agent/test/*"] }, new TokenAuthority(Key.Parse(other.ExportSubjectPublicKeyInfo()), ["/agent/fleet/*"]));
        Challenge.AssertInvalid(AcmeErrorType.Unauthorized, await AskAsync(Claims()), "may not give", "/agent/test/*");
    }

    [Fact]
    public async Task ValidateAsync_CertificateOfTheAuthorityExpired_Unauthorized()
    {
        using var certificate = new CertificateRequest("CN=fleet", _key, HashAlgorithmName.SHA256).CreateSelfSigned(Start.AddDays(-2), Start.AddHours(1));
        _validator = Make(Authority() with { Certificate = Certificate.Parse(certificate.RawData) });
        Challenge.AssertValid(await AskAsync(Claims()));
        _time.Advance(TimeSpan.FromHours(2));
        var claims = Claims();
        claims["exp"] = Start.AddHours(3).ToUnixTimeSeconds();
        Challenge.AssertInvalid(AcmeErrorType.Unauthorized, await AskAsync(claims), "certificate of the token's authority");
    }

    public void Dispose() => _key.Dispose();

    private TokenAuthority Authority() => new(Key.Parse(_key.ExportSubjectPublicKeyInfo()), ["/agent/fleet/*"]) { Issuer = "fleet" };

    private IChallengeValidator Make(params TokenAuthority[] authorities) =>
        AuthorityTokenChallenge.Validators(new AuthorityTokenOptions { Authorities = authorities, Url = "https://tokens.test/" }, new CryptoProviders(new PlatformProvider()), _time).Single();

    private static JsonObject Claims() => new()
    {
        ["iss"] = "fleet",
        ["exp"] = Start.AddMinutes(10).ToUnixTimeSeconds(),
        ["jti"] = "id-1",
        ["atc"] = new JsonObject
        {
            ["tktype"] = "spiffe",
            ["tkvalue"] = Agent,
            ["fingerprint"] = "SHA256 " + string.Join(':', Base64Url.DecodeFromChars(Challenge.KeyAuthorization.Split('.')[1]).Select(b => b.ToString("X2"))),
        },
    };

    private Task<ValidationResult> AskAsync(JsonObject claims) =>
        AskTextAsync(Sign(new JsonObject { ["typ"] = "JWT", ["alg"] = "ES256", ["x5u"] = "https://tokens.test/never-fetched" }, claims, _key));

    private async Task<ValidationResult> AskTextAsync(string token) => await Validator.ValidateAsync(
        Challenge.Request("spiffe", Agent) with { Payload = Encoding.UTF8.GetBytes(new JsonObject { ["tkauth"] = token }.ToJsonString()) },
        TestContext.Current.CancellationToken);

    private static string Sign(JsonObject header, JsonObject claims, ECDsa key)
    {
        var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }
}
