using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Client.Tests.Peers;
using AgentPki.Client.Tokens;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509;
using AgentPki.X509.AccessTokens;
using Xunit;

namespace AgentPki.Client.Tests.Tokens;

/// <summary>The attack table of docs/oauth.md where tokens are used.</summary>
public sealed class TokenVerifierTests
{
    [Fact]
    public async Task Token_WithItsCertificate_IsTaken_AndTheKeysAreAskedForOnce()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        var token = await PeerWorld.SignAsync(key, world.Token(agent));
        for (var i = 0; i < 3; i++)
        {
            var accepted = Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
            Assert.True(accepted.Token.Scopes.Allows("tool.invoke", "crm/x"));
            Assert.False(accepted.Token.Scopes.Allows("tool.invoke", "erp/x"));
        }

        Assert.Equal(1, world.KeyQuestions);
    }

    [Fact]
    public async Task Token_WithoutItsCertificate_OrWithAnother_IsRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate, takesUnbound: true); // a bound one needs its certificate there too
        using var parent = world.Agent("parent");
        using var child = world.Agent("child");
        var parents = await PeerWorld.SignAsync(key, world.Token(parent));
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(parents, null, default));
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(parents, PeerWorld.Parsed(child), default)); // the child presents its parent's token
        var childs = await PeerWorld.SignAsync(key, world.Token(parent, child));
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(childs, PeerWorld.Parsed(parent), default));
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(childs, PeerWorld.Parsed(child), default));
    }

    [Fact]
    public async Task UnboundToken_IsTakenWhereTheResourceSaysSo_AndNowhereElse()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var strict = world.Tokens(gate);
        using var mcp = world.Tokens(gate, takesUnbound: true);
        using var agent = world.Agent("a");
        var token = await PeerWorld.SignAsync(key, world.Token(agent) with { Confirmation = default });
        Refused(TokenRefusalKind.NotBound, await strict.VerifyAsync(token, PeerWorld.Parsed(agent), default));
        Assert.IsType<TokenVerdict.Accepted>(await mcp.VerifyAsync(token, null, default));
        await world.RevokeAsync(agent);
        await world.UntilAsync(() => !gate.Follower.View.Check(PeerWorld.Parsed(agent)).IsGood);
        Refused(TokenRefusalKind.Revoked, await mcp.VerifyAsync(token, null, default));
    }

    [Fact]
    public async Task Token_DiesWithTheCertificatesOfItsChain_AndOfItsSigner()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, signer) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var parent = world.Agent("parent");
        using var child = world.Agent("child");
        var (alone, exchanged) = (await PeerWorld.SignAsync(key, world.Token(child)), await PeerWorld.SignAsync(key, world.Token(parent, child)));
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(exchanged, PeerWorld.Parsed(child), default));
        await world.HoldAsync(parent);
        await world.UntilAsync(() => !gate.Follower.View.Check(PeerWorld.Parsed(parent)).IsGood);
        Refused(TokenRefusalKind.Revoked, await tokens.VerifyAsync(exchanged, PeerWorld.Parsed(child), default));
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(alone, PeerWorld.Parsed(child), default));
        await world.RevokeAsync(signer);
        await world.UntilAsync(() => !gate.Follower.View.Check(PeerWorld.Parsed(signer)).IsGood);
        Refused(TokenRefusalKind.Revoked, await tokens.VerifyAsync(alone, PeerWorld.Parsed(child), default));
    }

    [Fact]
    public async Task SilentFeed_OrNoKeys_CannotTell()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        var token = await PeerWorld.SignAsync(key, world.Token(agent));
        world.KeysAreDown = true;
        Refused(TokenRefusalKind.CannotTell, await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
        world.KeysAreDown = false;
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
        await world.CutFeedAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(31));
        Refused(TokenRefusalKind.CannotTell, await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
    }

    [Fact]
    public async Task Keys_WithoutACertificateForThatPurposeUnderTheRoot_SignNothing()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (agents, _) = await world.TokenSignerAsync(Oids.ClientAuth);
        var (foreign, _) = await world.TokenSignerAsync(selfSigned: true);
        using var agent = world.Agent("a");
        foreach (var key in new[] { agents, foreign })
        {
            using var tokens = world.Tokens(gate);
            Refused(TokenRefusalKind.NotSigned, await tokens.VerifyAsync(await PeerWorld.SignAsync(key, world.Token(agent)), PeerWorld.Parsed(agent), default));
        }
    }

    [Fact]
    public async Task Tokens_OfOthers_ForOthers_AndOfOtherTimes_AreRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        var (good, now) = (world.Token(agent), world.Clock.GetUtcNow());
        foreach (var (kind, token) in new (TokenRefusalKind, AccessToken)[]
        {
            (TokenRefusalKind.NotForHere, good with { Issuer = "https://other.test" }),
            (TokenRefusalKind.NotForHere, good with { Audience = ["https://other.test"] }),
            (TokenRefusalKind.NotForHere, good with { Audience = [PeerWorld.Resource + "/"] }),
            (TokenRefusalKind.Ended, good with { Expires = now }),
            (TokenRefusalKind.Ended, good with { IssuedAt = now.AddMinutes(1), Expires = now.AddMinutes(2) }),
        })
        {
            Refused(kind, await tokens.VerifyAsync(await PeerWorld.SignAsync(key, token), PeerWorld.Parsed(agent), default));
        }

        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(await PeerWorld.SignAsync(key, good with { Audience = ["https://other.test", PeerWorld.Resource] }), PeerWorld.Parsed(agent), default));
    }

    [Fact]
    public async Task ForgedTokens_AreRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        var good = await PeerWorld.SignAsync(key, world.Token(agent));
        var parts = good.Split('.');
        var header = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0]));
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        string With(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
        var mac = $"{With(header.Replace("ES256", "HS256", StringComparison.Ordinal))}.{parts[1]}";
        foreach (var forged in new[]
        {
            $"{With(header.Replace("ES256", "none", StringComparison.Ordinal))}.{parts[1]}.",
            $"{With(header.Replace("ES256", "none", StringComparison.Ordinal))}.{parts[1]}.{parts[2]}",
            $"{mac}.{Base64Url.EncodeToString(HMACSHA256.HashData(key.PublicKey.SubjectPublicKeyInfo.Span, Encoding.ASCII.GetBytes(mac)))}",
            $"{With(header.Replace("at+jwt", "JWT", StringComparison.Ordinal))}.{parts[1]}.{parts[2]}",
            $"{parts[0]}.{With(claims.Replace("crm/**", "**", StringComparison.Ordinal))}.{parts[2]}",
            good[..^2],
            "",
            "..",
        })
        {
            Assert.IsType<TokenVerdict.Refused>(await tokens.VerifyAsync(forged, PeerWorld.Parsed(agent), default));
        }

        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(good, PeerWorld.Parsed(agent), default));
    }

    /// <summary>The certificate counts, not the name in it: another of the same agent's, renewed or taken out by somebody else for that name, is another.</summary>
    [Fact]
    public async Task Token_WithAnotherCertificateOfTheSameName_IsRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate, takesUnbound: true);
        using var agent = world.Agent("a");
        using var again = world.Agent("a");
        await using var elsewhere = await PeerWorld.CreateAsync();
        using var foreign = elsewhere.Agent("a");
        var token = await PeerWorld.SignAsync(key, world.Token(agent));
        Assert.Equal(PeerWorld.Parsed(agent).SpiffeId, PeerWorld.Parsed(again).SpiffeId);
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(token, PeerWorld.Parsed(again), default));
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(token, PeerWorld.Parsed(foreign), default));
        Refused(TokenRefusalKind.NotBound, await tokens.VerifyAsync(token, null, default));
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
    }

    /// <summary>Claims that a reader could take for two things, though the appliance's key signed them: readers of <c>act</c> and readers of <c>chain</c> must see the same agents.</summary>
    [Fact]
    public async Task Token_ThatSaysTwoThings_IsRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var parent = world.Agent("parent");
        using var child = world.Agent("child");
        var claims = Encoding.UTF8.GetString(world.Token(parent, child).Encode());
        const string Act = "\"act\":{\"sub\":\"spiffe://agents.test/child\"}", Client = "\"client_id\":\"spiffe://agents.test/child\"", Cnf = "\"cnf\":{\"x5t#S256\":";
        Assert.Contains(Act, claims, StringComparison.Ordinal);
        foreach (var (from, to) in new[]
        {
            (Act + ",", ""),
            (Act, "\"act\":{\"sub\":\"spiffe://agents.test/parent\"}"),
            (Act, "\"act\":{\"sub\":\"spiffe://agents.test/CHILD\"}"),
            (Act, "\"act\":{\"sub\":\"spiffe://agents.test/child\",\"act\":{\"sub\":\"spiffe://agents.test/boss\"}}"),
            (Act, "\"act\":{\"sub\":\"spiffe://agents.test/child\",\"sub\":\"spiffe://agents.test/child\"}"),
            (Act, "\"act\":\"spiffe://agents.test/child\""),
            (Act, Act + "," + Act),
            (Client, "\"client_id\":\"spiffe://agents.test/parent\""),
            (Client, Client + ",\"sub\":\"spiffe://agents.test/child\""),
            (Cnf, "\"cnf\":{\"jkt\":"),
            (Cnf, "\"cnf\":{\"x5t#s256\":"),
            (Cnf, "\"cnf\":null,\"was\":{\"x5t#S256\":"),
            (Cnf, "\"cnf\":{},\"was\":{\"x5t#S256\":"),
            ("\"scope\":\"", "\"scope\":\"tool.invoke:crm/%2e%2e/erp "),
            ("\"scope\":\"", "\"scope\":\"tool.invoke:\\u0441rm/x "),
            ("\"scope\":\"", "\"scope\":\"**:**\",\"scope\":\""),
        })
        {
            var forged = claims.Replace(from, to, StringComparison.Ordinal);
            Assert.NotEqual(claims, forged);
            var verdict = await tokens.VerifyAsync(await CompactJws.SignAsync(key, AccessToken.JwsType, Encoding.UTF8.GetBytes(forged), default), PeerWorld.Parsed(child), default);
            Assert.True(verdict is TokenVerdict.Refused { Kind: TokenRefusalKind.Malformed }, $"{to}: {verdict}");
        }

        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(await CompactJws.SignAsync(key, AccessToken.JwsType, Encoding.UTF8.GetBytes(claims), default), PeerWorld.Parsed(child), default));
    }

    /// <summary>What a header says of keys, or wants understood, by somebody who has a good certificate under the same root.</summary>
    [Fact]
    public async Task Token_WithKeysOrExtensionsInItsHeader_IsRefused()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        var (key, _) = await world.TokenSignerAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        var claims = world.Token(agent).Encode();
        using var own = agent.GetECDsaPrivateKey()!;
        var (mine, theirs) = (Jwk.Of(PeerWorld.Parsed(agent).PublicKey), Jwk.Of(key.PublicKey));
        var jwk = Encoding.UTF8.GetString(mine.ToCanonicalJson());
        var x5c = $"[\"{Convert.ToBase64String(agent.RawData)}\",\"{Convert.ToBase64String(world.IssuingCertificate.RawData)}\"]";
        foreach (var header in new[]
        {
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{mine.Thumbprint()}}","jwk":{{jwk}}}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}","jwk":{{jwk}}}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}","x5c":{{x5c}}}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{mine.Thumbprint()}}","x5c":{{x5c}}}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}","kid":"{{mine.Thumbprint()}}"}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}","\u006bid":"{{mine.Thumbprint()}}"}""",
            $$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}","x5t#S256":"{{Base64Url.EncodeToString(PeerWorld.Parsed(agent).Fingerprint())}}"}""",
        })
        {
            var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(claims)}";
            var forged = $"{input}.{Base64Url.EncodeToString(own.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
            Assert.IsType<TokenVerdict.Refused>(await tokens.VerifyAsync(forged, PeerWorld.Parsed(agent), default));
        }

        // By the right key, and with an extension that is not understood (RFC 7515 §4.1.11).
        foreach (var more in new[] { "\"crit\":[\"exp\"]", "\"crit\":[]", "\"b64\":false,\"crit\":[\"b64\"]" })
        {
            var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"ES256","typ":"at+jwt","kid":"{{theirs.Thumbprint()}}",{{more}}}"""))}.{Base64Url.EncodeToString(claims)}";
            var pair = new byte[64];
            Assert.True(EcdsaSignatureValue.TryToConcatenation(await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Encoding.ASCII.GetBytes(input), default), pair));
            Refused(TokenRefusalKind.Malformed, await tokens.VerifyAsync($"{input}.{Base64Url.EncodeToString(pair)}", PeerWorld.Parsed(agent), default));
        }
    }

    [Fact]
    public async Task UnknownKeys_ByTheHundred_AreNoFloodOfQuestions()
    {
        await using var world = await PeerWorld.CreateAsync();
        await using var gate = await world.GateAsync();
        using var tokens = world.Tokens(gate);
        using var agent = world.Agent("a");
        for (var i = 0; i < 100; i++)
        {
            var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"ES256","typ":"at+jwt","kid":"k{{i}}"}"""));
            Refused(TokenRefusalKind.NotSigned, await tokens.VerifyAsync($"{header}.e30.AAAA", PeerWorld.Parsed(agent), default));
        }

        Assert.Equal(1, world.KeyQuestions);

        // A key that comes later is found when some time has passed.
        var (key, _) = await world.TokenSignerAsync();
        var token = await PeerWorld.SignAsync(key, world.Token(agent));
        world.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.IsType<TokenVerdict.Accepted>(await tokens.VerifyAsync(token, PeerWorld.Parsed(agent), default));
    }

    private static void Refused(TokenRefusalKind kind, TokenVerdict verdict) => Assert.Equal(kind, Assert.IsType<TokenVerdict.Refused>(verdict).Kind);
}
