using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>RFC 8555 §7 as a client walks through it.</summary>
public sealed class AcmeFlowTests
{
    [Fact]
    public async Task Directory_Always_ListsResourcesAndProfiles()
    {
        await using var server = await AcmeServer.StartAsync(new AcmeOptions { TermsOfService = "https://pki.test/terms", ExternalAccountRequired = true });
        using var client = server.Plain();
        var json = JsonNode.Parse(await client.GetStringAsync(new Uri(server.Https, "/acme/directory"), TestContext.Current.CancellationToken))!;

        Assert.All(new[] { "newNonce", "newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange", "renewalInfo" }, name => Assert.StartsWith(server.Https.ToString(), json[name]!.ToString(), StringComparison.Ordinal));
        Assert.Equal("https://pki.test/terms", json["meta"]!["termsOfService"]!.ToString());
        Assert.True((bool)json["meta"]!["externalAccountRequired"]!);
        Assert.NotNull(json["meta"]!["profiles"]!["ml-dsa-65"]);
    }

    [Theory]
    [InlineData("HEAD", HttpStatusCode.OK)]
    [InlineData("GET", HttpStatusCode.NoContent)]
    public async Task NewNonce_Always_IsFreshAndNotStored(string method, HttpStatusCode status)
    {
        await using var server = await AcmeServer.StartAsync();
        using var client = server.Plain();
        using var first = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/acme/new-nonce"), TestContext.Current.CancellationToken);
        using var second = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/acme/new-nonce"), TestContext.Current.CancellationToken);

        Assert.Equal(status, first.StatusCode);
        Assert.NotEqual(first.Headers.GetValues("Replay-Nonce").Single(), second.Headers.GetValues("Replay-Nonce").Single());
        Assert.True(first.Headers.CacheControl?.NoStore);
        Assert.Contains("rel=\"index\"", first.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Order_TwoNames_EndsWithACertificateThatCarriesThemAndNoOthers()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var placed = await client.OrderAsync(("dns", "B.test"), ("dns", "a.test"), ("ip", "192.0.2.7"), ("dns", "b.test"));
        Assert.Equal(HttpStatusCode.Created, placed.Status);
        Assert.Equal("pending", placed.Json["status"]!.ToString());
        Assert.Equal(["b.test", "a.test", "192.0.2.7"], placed.Json["identifiers"]!.AsArray().Select(i => i!["value"]!.ToString()));

        var ready = await client.AuthorizeAsync(placed);
        Assert.Equal("ready", ready.Json["status"]!.ToString());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var done = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "a.test"), ("dns", "B.TEST"), ("ip", "192.0.2.7")));
        Assert.Equal("valid", done.Json["status"]!.ToString());
        var pem = await client.GetAsync(done.Json["certificate"]!.ToString());

        Assert.Equal("application/pem-certificate-chain", pem.MediaType);
        Assert.NotNull(pem.Link("index"));
        var chain = pem.Text.Split("-----END CERTIFICATE-----\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, chain.Length);
        var leaf = Certificate.Parse(System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(pem.Text).RawData);
        var account = client.Account!.Split('/')[^1];
        Assert.Equal([$"URI:spiffe://{TestAuthority.TrustDomain}/agent/acme/{account}", "DNS:b.test", "DNS:a.test", "IP:192.0.2.7"], leaf.SubjectAlternativeNames.Select(n => n.ToString()));
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.SubjectPublicKeyInfo.ToArray());
        Assert.Equal("acme:" + account, (await server.Authority.Services.Stores.Certificates.ListAsync(1, TestContext.Current.CancellationToken))[0].Certificate.Requester);
    }

    [Fact]
    public async Task Challenge_Answered_IsToldWithItsAuthorization_AndJudgedOnce()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        ValidationRequest? seen = null;
        server.Http01.Judge = (request, _) =>
        {
            seen = request;
            return Task.FromResult<ValidationResult>(new ValidationResult.Valid("seen"));
        };
        var order = await client.OrderAsync(("dns", "a.test"));
        var url = order.Json["authorizations"]![0]!.ToString();
        var pending = await client.GetAsync(url);
        Assert.Equal(["http-01", "dns-01"], pending.Json["challenges"]!.AsArray().Select(c => c!["type"]!.ToString()));
        var tokens = pending.Json["challenges"]!.AsArray().Select(c => c!["token"]!.ToString()).ToList();
        Assert.NotEqual(tokens[0], tokens[1]);

        var answered = await client.PostAsync(AcmeTestClient.ChallengeOf(pending, "http-01"), []);
        var again = await client.PostAsync(AcmeTestClient.ChallengeOf(pending, "http-01"), []);
        var valid = await client.PollAsync(url, "pending");

        Assert.Equal(url, answered.Link("up"));
        Assert.Null(again.Problem);
        Assert.Equal("valid", valid.Json["status"]!.ToString());
        Assert.Equal("http-01", Assert.Single(valid.Json["challenges"]!.AsArray())!["type"]!.ToString());
        Assert.Equal(1, server.Http01.Looks);
        var thumbprint = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(AcmeTestClient.JwkOf(client.Key).ToJsonString())));
        Assert.Equal($"{tokens[0]}.{thumbprint}", seen?.KeyAuthorization);
        Assert.Equal("404", (await client.PostAsync(AcmeTestClient.ChallengeOf(pending, "dns-01"), [])).Json["status"]!.ToString());
    }

    [Fact]
    public async Task Challenge_NotFulfilled_FailsTheOrderWithItsReason()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        server.Http01.Judge = (_, _) => Task.FromResult<ValidationResult>(new ValidationResult.Invalid(AcmeErrorType.IncorrectResponse, "Something else was found."));
        var order = await client.OrderAsync(("dns", "a.test"), ("dns", "b.test"));
        var failed = await client.AuthorizeAsync(order);

        Assert.Equal("invalid", failed.Json["status"]!.ToString());
        Assert.Equal("urn:ietf:params:acme:error:incorrectResponse", failed.Json["error"]!["type"]!.ToString());
        var challenge = (await client.GetAsync(order.Json["authorizations"]![0]!.ToString())).Json["challenges"]![0]!;
        Assert.Equal("invalid", challenge["status"]!.ToString());
        Assert.Equal("Something else was found.", challenge["error"]!["detail"]!.ToString());
    }

    [Fact]
    public async Task Order_WithinTheAuthorizationsLife_IsReadyAtOnce_AfterItIsNot()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        await client.ObtainAsync(null, null, ("dns", "a.test"));

        Assert.Equal("ready", (await client.OrderAsync(("dns", "a.test"))).Json["status"]!.ToString());
        Assert.Equal("pending", (await client.OrderAsync(("dns", "*.a.test"))).Json["status"]!.ToString());
        server.Authority.Time.Advance(TimeSpan.FromHours(2));
        client.ForgetNonce();
        Assert.Equal("pending", (await client.OrderAsync(("dns", "a.test"))).Json["status"]!.ToString());
    }

    [Fact]
    public async Task Order_Wildcard_IsProvenByDnsAlone()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var order = await client.OrderAsync(("dns", "*.w.test"));
        var authorization = await client.GetAsync(order.Json["authorizations"]![0]!.ToString());

        Assert.Equal("w.test", authorization.Json["identifier"]!["value"]!.ToString());
        Assert.True((bool)authorization.Json["wildcard"]!);
        Assert.Equal(["dns-01"], authorization.Json["challenges"]!.AsArray().Select(c => c!["type"]!.ToString()));
        var ready = await client.AuthorizeAsync(order, "dns-01");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var done = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "*.w.test")));
        Assert.True(done.Problem is null, done.ToString());
    }

    [Fact]
    public async Task Order_Expired_IsInvalid_AndItsAuthorizationExpired()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var order = await client.OrderAsync(("dns", "a.test"));
        server.Authority.Time.Advance(TimeSpan.FromDays(2));
        client.ForgetNonce();

        Assert.Equal("invalid", (await client.GetAsync(order.Location!)).Json["status"]!.ToString());
        var authorization = await client.GetAsync(order.Json["authorizations"]![0]!.ToString());
        Assert.Equal("expired", authorization.Json["status"]!.ToString());
        Assert.Equal("malformed", (await client.PostAsync(AcmeTestClient.ChallengeOf(authorization, "http-01"), [])).Problem);
    }

    [Fact]
    public async Task Order_ItsAuthorizationEnds_EndsWithIt()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var ready = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));
        Assert.Equal(AgentPki.Protocols.Acme.AcmeResources.Time(server.Authority.Time.GetUtcNow() + TimeSpan.FromHours(1)), ready.Json["expires"]!.ToString());
        server.Authority.Time.Advance(TimeSpan.FromMinutes(50));
        client.ForgetNonce();
        var both = await client.OrderAsync(("dns", "a.test"), ("dns", "b.test"));
        Assert.Equal(ready.Json["expires"]!.ToString(), both.Json["expires"]!.ToString());
        server.Authority.Time.Advance(TimeSpan.FromMinutes(11));
        client.ForgetNonce();

        foreach (var order in new[] { ready, both })
        {
            var shown = await client.GetAsync(order.Location ?? order.Json["finalize"]!.ToString().Replace("/finalize", "", StringComparison.Ordinal));
            Assert.Equal("invalid", shown.Json["status"]!.ToString());
            Assert.Contains("authorization", shown.Json["error"]!["detail"]!.ToString(), StringComparison.Ordinal);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("orderNotReady", (await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "a.test")))).Problem);
    }

    [Fact]
    public async Task NewAuthorization_Proven_ServesALaterOrder()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var made = await client.PostAsync(await client.UrlAsync("newAuthz"), new JsonObject { ["identifier"] = new JsonObject { ["type"] = "dns", ["value"] = "a.test" } });
        Assert.Equal(HttpStatusCode.Created, made.Status);
        await client.PostAsync(AcmeTestClient.ChallengeOf(made, "http-01"), []);
        await client.PollAsync(made.Location!, "pending");

        var order = await client.OrderAsync(("dns", "a.test"));

        Assert.Equal("ready", order.Json["status"]!.ToString());
        Assert.Equal(made.Location, order.Json["authorizations"]![0]!.ToString());
    }

    [Fact]
    public async Task Authorization_Deactivated_IsNotUsedAgain()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var (_, order) = await client.ObtainAsync(null, null, ("dns", "a.test"));
        var url = order.Json["authorizations"]![0]!.ToString();

        Assert.Equal("deactivated", (await client.PostAsync(url, new JsonObject { ["status"] = "deactivated" })).Json["status"]!.ToString());
        Assert.Equal("malformed", (await client.PostAsync(url, new JsonObject { ["status"] = "deactivated" })).Problem);
        Assert.Equal("pending", (await client.OrderAsync(("dns", "a.test"))).Json["status"]!.ToString());
    }

    [Fact]
    public async Task OrdersList_ManyOrders_ComesInPages()
    {
        await using var server = await AcmeServer.StartAsync(wire: new AgentPki.Protocols.Acme.AcmeWireOptions { OrdersPerPage = 2 });
        var client = await server.RegisteredAsync();
        var placed = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            placed.Add((await client.OrderAsync(("dns", $"n{i}.test"))).Location!);
        }

        var found = new List<string>();
        for (var url = (await client.GetAsync(client.Account!)).Json["orders"]?.ToString(); url is not null;)
        {
            var page = await client.GetAsync(url);
            Assert.Null(page.Problem);
            found.AddRange(page.Json["orders"]!.AsArray().Select(o => o!.ToString()));
            url = page.Link("next");
        }

        placed.Reverse();
        Assert.Equal(placed, found);
    }

    [Fact]
    public async Task OrdersList_ItsPagesEndWasRemovedMeanwhile_GoesOnInNoCircle()
    {
        await using var server = await AcmeServer.StartAsync(wire: new AgentPki.Protocols.Acme.AcmeWireOptions { OrdersPerPage = 2 });
        var client = await server.RegisteredAsync();
        var kept = await client.ObtainAsync(null, null, ("dns", "old.test"));
        for (var i = 0; i < 3; i++)
        {
            server.Authority.Time.Advance(TimeSpan.FromSeconds(1));
            await client.OrderAsync(("dns", $"n{i}.test"));
        }

        var next = (await client.GetAsync(client.Account! + "/orders")).Link("next")!;
        server.Authority.Time.Advance(TimeSpan.FromDays(3));
        await server.Authority.Services.MaintainAsync(TestContext.Current.CancellationToken);
        client.ForgetNonce();
        await client.OrderAsync(("dns", "new.test"));

        var page = await client.GetAsync(next);
        Assert.Equal([kept.Order.Location ?? kept.Order.Json["finalize"]!.ToString().Replace("/finalize", "", StringComparison.Ordinal)], page.Json["orders"]!.AsArray().Select(o => o!.ToString()));
        Assert.Null(page.Link("next"));
    }

    [Fact]
    public async Task Finalize_ByManyAtOnce_GivesOneCertificate()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var order = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = AcmeTestClient.Csr(key, ("dns", "a.test"));
        var clients = Enumerable.Range(0, 16).Select(_ =>
        {
            var same = server.Client();
            (same.Key, same.Account) = (client.Key, client.Account);
            return same;
        }).ToList();
        var before = await server.Authority.Services.Stores.Certificates.CountAsync(TestContext.Current.CancellationToken);

        var answers = await Task.WhenAll(clients.Select(c => c.FinalizeAsync(order, csr)));

        Assert.Single(answers, a => a.Problem is null && a.Json["status"]!.ToString() == "valid");
        Assert.All(answers.Where(a => a.Problem is not null), a => Assert.Equal("orderNotReady", a.Problem));
        Assert.Equal(before + 1, await server.Authority.Services.Stores.Certificates.CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal("orderNotReady", (await client.FinalizeAsync(order, csr)).Problem);
        await foreach (var record in server.Authority.Store.ReadAsync(0, TestContext.Current.CancellationToken))
        {
            Assert.NotEqual(AgentPki.Ledger.LedgerEntryKind.CertificateWithheld, record.Leaf.Kind); // what was signed for nothing
        }
    }

    [Fact]
    public async Task Profile_MlDsa_IsOrderedByItsLabel()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var ready = await client.AuthorizeAsync(await client.OrderAsync("ml-dsa-65", null, ("dns", "pq.test")));
        Assert.Equal("ml-dsa-65", ready.Json["profile"]!.ToString());
        await using var key = await TestAuthority.KeyAsync(AgentPki.Cryptography.KeyAlgorithm.MlDsa65);
        var csr = await TestAuthority.RequestAsync(key, "", [new AgentPki.X509.Names.GeneralName.Dns("pq.test")]);
        var done = await client.FinalizeAsync(ready, csr.Der.ToArray());

        Assert.Equal("valid", done.Json["status"]!.ToString());
        using var wrong = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("badCSR", (await client.FinalizeAsync(await client.OrderAsync("ml-dsa-65", null, ("dns", "pq.test")), AcmeTestClient.Csr(wrong, ("dns", "pq.test")))).Problem);
        Assert.Equal("invalidProfile", (await client.OrderAsync("no-such", null, ("dns", "pq.test"))).Problem);
    }

    [Fact]
    public async Task Order_ProfileThatWantsAPerson_IsProcessingUntilSomebodySaysYes()
    {
        await using var server = await AcmeServer.StartAsync(profiles: WithApproval());
        var client = await server.RegisteredAsync();
        var ready = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var waiting = await client.FinalizeAsync(ready, AcmeTestClient.Csr(key, ("dns", "a.test")));
        Assert.Equal("processing", waiting.Json["status"]!.ToString());
        Assert.NotNull(waiting.RetryAfter);
        var approval = Assert.Single(await server.Authority.Services.Approvals.ListAsync(ApprovalState.Pending, TestContext.Current.CancellationToken));

        await server.Authority.Services.Approvals.ApproveAsync(approval.Id, "admin:test", "c", TestContext.Current.CancellationToken);

        var done = await client.GetAsync(ready.Location!);
        Assert.Equal("valid", done.Json["status"]!.ToString());
        Assert.Null((await client.GetAsync(done.Json["certificate"]!.ToString())).Problem);
    }

    [Fact]
    public async Task Restart_ChallengeAnsweredAndNotJudged_GoesOn()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        server.Http01.Judge = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException();
        };
        var order = await client.OrderAsync(("dns", "a.test"));
        var authorization = await client.GetAsync(order.Json["authorizations"]![0]!.ToString());
        var posted = client.PostAsync(AcmeTestClient.ChallengeOf(authorization, "http-01"), []);
        while (server.Http01.Looks == 0)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        server.Authority.Time.Advance(TimeSpan.FromSeconds(1)); // the client's POST waits for a moment only
        Assert.Equal("processing", (await posted).Json["status"]!.ToString());
        server.Http01.Judge = (_, _) => Task.FromResult<ValidationResult>(new ValidationResult.Valid("after the restart"));
        await server.Authority.RestartAsync();
        var found = await server.Authority.Services.Stores.Acme.FindOrderAsync(order.Location!.Split('/')[^1], TestContext.Current.CancellationToken);
        for (var i = 0; i < 200 && found!.State == AcmeOrderState.Pending; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            found = await server.Authority.Services.Stores.Acme.FindOrderAsync(found.Id, TestContext.Current.CancellationToken);
        }

        Assert.Equal(AcmeOrderState.Ready, found!.State);
    }

    [Theory]
    [InlineData(AcmeErrorType.Caa)]
    [InlineData(AcmeErrorType.Dns)]
    public async Task Finalize_PublicNames_HeedsCaa_AndTheOrderCanGoOn(AcmeErrorType error)
    {
        var records = new ScriptedCaa { Answer = new ValidationResult.Invalid(error, "Somebody else's.") };
        await using var server = await AcmeServer.StartAsync(profiles: Changed("agent.yaml", "  ip: proven", "  caa: true\n  ip: proven"), caa: records);
        var client = await server.RegisteredAsync();
        var ready = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = AcmeTestClient.Csr(key, ("dns", "a.test"));

        Assert.Equal(error == AcmeErrorType.Caa ? "caa" : "dns", (await client.FinalizeAsync(ready, csr)).Problem);
        records.Answer = new ValidationResult.Valid("ours");
        Assert.Null((await client.FinalizeAsync(ready, csr)).Problem);
        Assert.Equal(("a.test", "http-01", client.Account!), records.Asked);
    }

    private static ProfileCatalog WithApproval() => Changed("agent.yaml", "  acme: true", "  acme: true\n  approval: always");

    private static ProfileCatalog Changed(string file, string from, string to)
    {
        var texts = ProfileCatalog.DefaultTexts();
        Assert.Contains(texts, t => t.File == file && t.Yaml.Contains(from, StringComparison.Ordinal));
        return ProfileCatalog.Read([.. texts.Select(t => t.File == file ? (t.File, t.Yaml.Replace(from, to, StringComparison.Ordinal)) : t)]);
    }
}
