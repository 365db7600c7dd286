using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>Orders whose profile wants a person's yes (RFC 8555 §7.1.6: processing): they wait as long as requests wait, and end clearly.</summary>
public sealed class AcmeApprovalTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(6 * 24)]
    public async Task Processing_DecidedLongAfterItsAuthorizationsEnded_GetsItsCertificate(int hours)
    {
        await using var server = await AcmeServer.StartAsync(profiles: Profiles());
        var (client, order, _) = await ParkedAsync(server);
        await LaterAsync(server, client, hours);
        Assert.Equal("processing", (await client.GetAsync(order.Location!)).Json["status"]!.ToString());

        await DecideAsync(server, yes: true);

        var done = await client.GetAsync(order.Location!);
        Assert.True(done.Json["status"]!.ToString() == "valid", done.ToString());
        Assert.Null((await client.GetAsync(done.Json["certificate"]!.ToString())).Problem);
    }

    [Fact]
    public async Task Processing_NobodyDecides_EndsWithTheReason_AndIsRemovedAfterwards()
    {
        await using var server = await AcmeServer.StartAsync(profiles: Profiles());
        var (client, order, _) = await ParkedAsync(server);
        await LaterAsync(server, client, 8 * 24);

        var ended = await client.GetAsync(order.Location!);
        Assert.Equal("invalid", ended.Json["status"]!.ToString());
        Assert.Equal("urn:ietf:params:acme:error:unauthorized", ended.Json["error"]!["type"]!.ToString());
        await LaterAsync(server, client, 3 * 24);
        Assert.Equal("malformed", (await client.GetAsync(order.Location!)).Problem);
    }

    [Fact]
    public async Task Processing_Denied_EndsWithTheReason()
    {
        await using var server = await AcmeServer.StartAsync(profiles: Profiles());
        var (client, order, _) = await ParkedAsync(server);
        await DecideAsync(server, yes: false);

        var ended = await client.GetAsync(order.Location!);
        Assert.Equal("invalid", ended.Json["status"]!.ToString());
        Assert.Contains("denied", ended.Json["error"]!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processing_AuthorizationGivenUp_EndsWithTheReason_WhateverAPersonSays()
    {
        await using var server = await AcmeServer.StartAsync(profiles: Profiles());
        var (client, order, authorization) = await ParkedAsync(server);
        Assert.Null((await client.PostAsync(authorization, new JsonObject { ["status"] = "deactivated" })).Problem);
        await DecideAsync(server, yes: true);

        var ended = await client.GetAsync(order.Location!);
        Assert.Equal("invalid", ended.Json["status"]!.ToString());
        Assert.Contains("given up", ended.Json["error"]!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AcmeErrorType.Dns)]
    [InlineData(AcmeErrorType.Caa)]
    public async Task Processing_CaaInTheWay_SaysSoAndGoesOnWhenItIsNot(AcmeErrorType error)
    {
        var records = new ScriptedCaa { Answer = new ValidationResult.Valid("ours") };
        await using var server = await AcmeServer.StartAsync(profiles: Profiles(caa: true), caa: records);
        var (client, order, _) = await ParkedAsync(server);
        await DecideAsync(server, yes: true);
        records.Answer = new ValidationResult.Invalid(error, "Not now.");

        var waiting = await client.GetAsync(order.Location!);
        Assert.Equal(("processing", "Not now."), (waiting.Json["status"]!.ToString(), waiting.Json["error"]!["detail"]!.ToString()));
        records.Answer = new ValidationResult.Valid("ours");
        Assert.Equal("valid", (await client.GetAsync(order.Location!)).Json["status"]!.ToString());
    }

    private static async Task<(AcmeTestClient Client, AcmeTestAnswer Order, string Authorization)> ParkedAsync(AcmeServer server)
    {
        var client = await server.RegisteredAsync();
        var ready = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parked = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "a.test")));
        Assert.True(parked.Problem is null && parked.Json["status"]!.ToString() == "processing", parked.ToString());
        return (client, parked, ready.Json["authorizations"]![0]!.ToString());
    }

    // With a round of maintenance, which removes what is old.
    private static async Task LaterAsync(AcmeServer server, AcmeTestClient client, int hours)
    {
        server.Authority.Time.Advance(TimeSpan.FromHours(hours));
        await server.Authority.Services.MaintainAsync(TestContext.Current.CancellationToken);
        client.ForgetNonce();
    }

    private static async Task DecideAsync(AcmeServer server, bool yes)
    {
        var approvals = server.Authority.Services.Approvals;
        var one = Assert.Single(await approvals.ListAsync(ApprovalState.Pending, TestContext.Current.CancellationToken));
        _ = yes ? await approvals.ApproveAsync(one.Id, "admin:test", "c", TestContext.Current.CancellationToken) : await approvals.DenyAsync(one.Id, "admin:test", "c", TestContext.Current.CancellationToken);
    }

    private static ProfileCatalog Profiles(bool caa = false) => ProfileCatalog.Read([.. ProfileCatalog.DefaultTexts().Select(t => t.File == "agent.yaml"
        ? (t.File, t.Yaml.Replace("  acme: true", "  acme: true\n  approval: always", StringComparison.Ordinal).Replace("  ip: proven", caa ? "  caa: true\n  ip: proven" : "  ip: proven", StringComparison.Ordinal)) : t)]);
}
