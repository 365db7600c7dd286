using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.Attestation.AndroidKey;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>RFC 8555 §7.3.</summary>
public sealed class AcmeAccountTests
{
    [Fact]
    public async Task NewAccount_Twice_IsTheSameAccount()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = server.Client();
        var made = await client.RegisterAsync(new JsonObject { ["termsOfServiceAgreed"] = true, ["contact"] = new JsonArray("mailto:a@b.test") });
        var again = server.Client();
        again.Key = client.Key;
        var found = await again.RegisterAsync(new JsonObject { ["contact"] = new JsonArray("mailto:other@b.test") });

        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal(HttpStatusCode.OK, found.Status);
        Assert.Equal(made.Location, found.Location);
        Assert.Equal("mailto:a@b.test", found.Json["contact"]![0]!.ToString());
    }

    [Fact]
    public async Task NewAccount_OnlyReturnExisting_FindsOrSaysThereIsNone()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = server.Client();
        var none = await client.RegisterAsync(new JsonObject { ["onlyReturnExisting"] = true });
        Assert.Equal((HttpStatusCode.BadRequest, "accountDoesNotExist"), (none.Status, none.Problem));
        await client.RegisterAsync();
        var url = client.Account;
        client.Account = null;

        Assert.Equal(url, (await client.RegisterAsync(new JsonObject { ["onlyReturnExisting"] = true })).Location);
    }

    [Theory]
    [InlineData("tel:123", "unsupportedContact")]
    [InlineData("mailto:a@b.test,c@d.test", "invalidContact")]
    [InlineData("mailto:a@b.test?subject=x", "invalidContact")]
    [InlineData("mailto:nobody", "invalidContact")]
    public async Task NewAccount_ContactThatCannotBeWrittenTo_IsRefused(string contact, string problem)
    {
        await using var server = await AcmeServer.StartAsync();
        var client = server.Client();
        Assert.Equal(problem, (await client.RegisterAsync(new JsonObject { ["contact"] = new JsonArray(contact) })).Problem);
    }

    [Fact]
    public async Task NewAccount_TermsNotAgreed_IsRefused()
    {
        await using var server = await AcmeServer.StartAsync(new AcmeOptions { TermsOfService = "https://pki.test/terms" });
        var client = server.Client();
        Assert.Equal("userActionRequired", (await client.RegisterAsync([])).Problem);
        Assert.Null((await client.RegisterAsync()).Problem);
    }

    [Fact]
    public async Task Update_Contacts_AreKept_AndDeactivationIsForGood()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var updated = await client.PostAsync(client.Account!, new JsonObject { ["contact"] = new JsonArray("mailto:new@b.test") });
        Assert.Equal("mailto:new@b.test", updated.Json["contact"]![0]!.ToString());
        var order = await client.OrderAsync(("dns", "a.test"));
        Assert.Equal("deactivated", (await client.PostAsync(client.Account!, new JsonObject { ["status"] = "deactivated" })).Json["status"]!.ToString());

        var refused = await client.GetAsync(order.Location!);
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthorized"), (refused.Status, refused.Problem));
        client.Account = null;
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.RegisterAsync()).Status);
        Assert.Equal(AcmeOrderState.Invalid, (await server.Authority.Services.Stores.Acme.FindOrderAsync(order.Location!.Split('/')[^1], TestContext.Current.CancellationToken))!.State);
    }

    [Fact]
    public async Task NewAccount_ManyFromOneAddress_AreSlowedDown_AndKnownKeysAreNot()
    {
        await using var server = await AcmeServer.StartAsync(accountRate: new AgentPki.Protocols.Http.RequestShare(1, 2));
        var known = await server.RegisteredAsync();
        await server.RegisteredAsync();

        var refused = await server.Client().RegisterAsync();

        Assert.Equal((HttpStatusCode.TooManyRequests, "rateLimited"), (refused.Status, refused.Problem));
        Assert.NotNull(refused.RetryAfter);
        known.Account = null;
        Assert.Equal(HttpStatusCode.OK, (await known.RegisterAsync()).Status);
    }

    [Fact]
    public async Task KeyChange_NewKeyAgrees_TakesItsPlace()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var (old, url) = (client.Key, client.Account!);
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null((await ChangeAsync(client, fresh)).Problem);

        client.Key = fresh;
        Assert.Null((await client.GetAsync(url)).Problem);
        client.Key = old;
        Assert.Equal("malformed", (await client.GetAsync(url)).Problem);
    }

    [Fact]
    public async Task KeyChange_KeyOfAnotherAccount_IsAConflictThatNamesIt()
    {
        await using var server = await AcmeServer.StartAsync();
        var (client, other) = (await server.RegisteredAsync(), await server.RegisteredAsync());
        var answer = await ChangeAsync(client, other.Key);
        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.Equal(other.Account, answer.Location);
    }

    [Fact]
    public async Task ExternalKey_Required_MakesAccountsForItsOwner_AsOftenAsItAllows()
    {
        await using var server = await AcmeServer.StartAsync(new AcmeOptions { ExternalAccountRequired = true });
        var (id, secret) = await ExternalKeyAsync(server, maxAccounts: 1);
        var client = server.Client();
        var without = await client.RegisterAsync();
        Assert.Equal((HttpStatusCode.Unauthorized, "externalAccountRequired"), (without.Status, without.Problem));
        Assert.Equal("unauthorized", (await BindAsync(client, id, new byte[32])).Problem);
        Assert.Equal("unauthorized", (await BindAsync(client, "nobody", secret)).Problem);

        Assert.Equal(HttpStatusCode.Created, (await BindAsync(client, id, secret)).Status);
        var second = server.Client();
        Assert.Equal("unauthorized", (await BindAsync(second, id, secret)).Problem);

        await client.ObtainAsync(null, null, ("dns", "a.agents.test"));
        var agent = Assert.Single(await server.Authority.Services.Stores.Agents.ListAsync(10, TestContext.Current.CancellationToken));
        Assert.Equal("team-a", agent.Owner);
    }

    [Fact]
    public async Task ExternalKey_LimitsNamesAndProfiles_AndIsTheAuthorizationForItsSpiffeIds()
    {
        await using var server = await AcmeServer.StartAsync();
        var (id, secret) = await ExternalKeyAsync(server, names: ["*.agents.test", "/agent/team-a/*"], profiles: ["agent"]);
        var client = server.Client();
        Assert.Null((await BindAsync(client, id, secret)).Problem);

        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("dns", "a.other.test"))).Problem);
        Assert.Equal("invalidProfile", (await client.OrderAsync("ml-dsa-65", null, ("dns", "a.agents.test"))).Problem);
        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("spiffe", "spiffe://agents.test/agent/team-b/x"))).Problem);
        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("spiffe", "spiffe://evil.test/agent/team-a/x"))).Problem);
        var (certificate, order) = await client.ObtainAsync(null, null, ("spiffe", "spiffe://agents.test/agent/team-a/x"), ("dns", "x.agents.test"));

        Assert.Equal(1, server.Http01.Looks); // the DNS name alone
        Assert.Equal("spiffe://agents.test/agent/team-a/x", AgentPki.X509.Certificates.Certificate.Parse(certificate.RawData).SubjectAlternativeNames[0].ToString()[4..]);
        Assert.Equal(2, order.Json["authorizations"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ExternalKey_RevokedOrEnded_GivesNoSpiffeIdAnyMore(bool revoked)
    {
        await using var server = await AcmeServer.StartAsync();
        var (id, secret) = await ExternalKeyAsync(server, names: ["/agent/team-a/*", "*.agents.test"]);
        var client = server.Client();
        Assert.Null((await BindAsync(client, id, secret)).Problem);
        (string, string)[] agent = [("spiffe", "spiffe://agents.test/agent/team-a/x")];
        var (_, done) = await client.ObtainAsync(null, null, agent);
        var ready = await client.OrderAsync(agent);
        Assert.Equal("ready", ready.Json["status"]!.ToString());
        if (revoked)
        {
            await server.Acme.ExternalKeys.RevokeAsync(id, "admin:test", "c", TestContext.Current.CancellationToken);
        }
        else
        {
            server.Authority.Time.Advance(TimeSpan.FromDays(1));
            client.ForgetNonce();
        }

        var refused = await client.OrderAsync(agent);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var late = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, agent));

        Assert.Equal("rejectedIdentifier", refused.Problem);
        Assert.Equal(revoked ? "unauthorized" : "orderNotReady", late.Problem);
        // What its names say limits the account still; what the client proves itself it gets.
        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("dns", "a.other.test"))).Problem);
        Assert.Equal("pending", (await client.OrderAsync(("dns", "a.agents.test"))).Json["status"]!.ToString());
        Assert.Null((await client.GetAsync(done.Json["certificate"]!.ToString())).Problem);
    }

    [Fact]
    public async Task ExternalKey_EndsSoon_WhatItGivesEndsWithIt()
    {
        await using var server = await AcmeServer.StartAsync();
        var (id, secret) = await ExternalKeyAsync(server, names: ["/agent/**"]);
        server.Authority.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMinutes(10));
        var client = server.Client();
        Assert.Null((await BindAsync(client, id, secret)).Problem);
        var order = await client.OrderAsync(("spiffe", "spiffe://agents.test/agent/x"));
        Assert.Equal(AgentPki.Protocols.Acme.AcmeResources.Time(server.Authority.Time.GetUtcNow() + TimeSpan.FromMinutes(10)), order.Json["expires"]!.ToString());
    }

    [Fact]
    public async Task ExternalKey_WithNames_LimitsEveryKindOfName()
    {
        using var root = new AttestationRoot("Android Root");
        await using var server = await AcmeServer.StartAsync(attestation: new DeviceAttestationOptions
        {
            AndroidKey = new AndroidKeyOptions { Trust = new AttestationTrust { Roots = [root.Certificate] } },
            Rules = [new DeviceRule("*", "/agent/device/{device}")],
        });
        var (id, secret) = await ExternalKeyAsync(server, names: ["*.agents.test", "device-*"]);
        var client = server.Client();
        Assert.Null((await BindAsync(client, id, secret)).Problem);

        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("ip", "192.0.2.1"))).Problem);
        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("permanent-identifier", "serial-1"))).Problem);
        Assert.Equal("rejectedIdentifier", (await client.OrderAsync(("spiffe", "spiffe://agents.test/agent/device/1"))).Problem);
        Assert.Null((await client.OrderAsync(("permanent-identifier", "device-1"))).Problem);
        Assert.Null((await client.OrderAsync(("dns", "a.agents.test"))).Problem);
        // Provable all of them: an account without such a key may order them.
        var free = await server.RegisteredAsync();
        Assert.Null((await free.OrderAsync(("spiffe", "spiffe://agents.test/agent/device/1"))).Problem);
    }

    [Fact]
    public async Task ExternalKey_RevokedOrEnded_MakesNoAccount()
    {
        await using var server = await AcmeServer.StartAsync();
        var (revoked, first) = await ExternalKeyAsync(server);
        var (ended, second) = await ExternalKeyAsync(server);
        await server.Acme.ExternalKeys.RevokeAsync(revoked, "admin:test", "c", TestContext.Current.CancellationToken);
        Assert.Equal("unauthorized", (await BindAsync(server.Client(), revoked, first)).Problem);
        server.Authority.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal("unauthorized", (await BindAsync(server.Client(), ended, second)).Problem);
    }

    private static async Task<(string Id, byte[] Secret)> ExternalKeyAsync(AcmeServer server, int? maxAccounts = null, string[]? names = null, string[]? profiles = null)
    {
        var created = await server.Acme.ExternalKeys.CreateAsync(
            new NewAcmeExternalKey(null, "team-a", names ?? [], profiles ?? [], maxAccounts, TimeSpan.FromDays(1)), "admin:test", "c", TestContext.Current.CancellationToken);
        var done = Assert.IsType<Outcome<CreatedAcmeExternalKey>.Done>(created).Value;
        Assert.DoesNotContain(done.Secret, done.ToString(), StringComparison.Ordinal);
        return (done.Key.Id, Base64Url.DecodeFromChars(done.Secret));
    }

    private static async Task<AcmeTestAnswer> BindAsync(AcmeTestClient client, string id, byte[] secret) => await client.RegisterAsync(new JsonObject
    {
        ["termsOfServiceAgreed"] = true,
        ["externalAccountBinding"] = client.Binding(await client.UrlAsync("newAccount"), id, secret),
    });

    private static async Task<AcmeTestAnswer> ChangeAsync(AcmeTestClient client, ECDsa fresh)
    {
        var url = await client.UrlAsync("keyChange");
        var payload = Encoding.UTF8.GetBytes(new JsonObject { ["account"] = client.Account, ["oldKey"] = AcmeTestClient.JwkOf(client.Key) }.ToJsonString());
        var inner = AcmeTestClient.Sign(new AcmeTestHeader("ES256", null, url, null, AcmeTestClient.JwkOf(fresh)), payload, fresh);
        return await client.PostAsync(url, Encoding.UTF8.GetBytes(inner));
    }
}
