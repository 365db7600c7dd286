using System.Net;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>What is too much now (RFC 8555 §6.6), and what cannot work now: told so that a client can come back.</summary>
public sealed class AcmeLimitTests
{
    [Fact]
    public async Task Requests_OfOneOwnersAccounts_ShareOneShare_AndCostNoLeafEach()
    {
        await using var server = await AcmeServer.StartAsync(rates: new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = new RequestShare(1, 12), Credential = RequestShare.Unlimited });
        var created = await server.Acme.ExternalKeys.CreateAsync(new NewAcmeExternalKey(null, "team-a", [], [], null, TimeSpan.FromDays(1)), "admin:test", "c", TestContext.Current.CancellationToken);
        var key = Assert.IsType<Outcome<CreatedAcmeExternalKey>.Done>(created).Value;
        var (first, second, other) = (await BoundAsync(server, key), await BoundAsync(server, key), await server.RegisteredAsync());
        var before = (await server.Authority.Store.HeadAsync(TestContext.Current.CancellationToken)).Size;
        var refused = await UntilRefusedAsync(first, 40);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rateLimited"), (refused.Status, refused.Problem));
        Assert.InRange(refused.RetryAfter ?? 0, 1, 60);
        Assert.NotNull(refused.Nonce);

        // The other account of that owner has nothing left either, and takes less than a share of its own.
        Assert.Equal("rateLimited", (await UntilRefusedAsync(second, 8)).Problem);
        Assert.Null((await other.OrderAsync(("dns", "b.test"))).Problem);
        for (var i = 0; i < 5; i++)
        {
            await UntilRefusedAsync(first, 8);
        }

        await server.Authority.Services.Audit.FlushAsync(TestContext.Current.CancellationToken);
        var entries = await server.EntriesAsync(before);
        Assert.DoesNotContain(entries, e => e.Kind == LedgerEntryKind.EnrollmentRefused);
        var counted = Assert.Single(entries, e => e.Kind == LedgerEntryKind.RefusalsAggregated);
        Assert.True(int.Parse(counted.Details!.Facts["count.RateLimited"], System.Globalization.CultureInfo.InvariantCulture) >= 7);
    }

    [Fact]
    public async Task Store_CannotBeRead_IsAProblemWithANonceAndATime_AndTheRequestCanBeMadeAgain()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var order = await client.OrderAsync(("dns", "a.test"));
        server.Store.AfterOrder = () => throw new StoreUnavailableException("disk on fire");

        var answer = await client.GetAsync(order.Location!);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "serverInternal"), (answer.Status, answer.Problem));
        Assert.NotNull(answer.Nonce);
        Assert.InRange(answer.RetryAfter ?? 0, 1, 60);
        Assert.Single(answer.Links);
        Assert.DoesNotContain("fire", answer.Text, StringComparison.Ordinal);
        server.Store.AfterOrder = null;
        Assert.Null((await client.GetAsync(order.Location!)).Problem);
    }

    [Fact]
    public async Task Token_CannotUnwrap_IsAProblemWithANonceAndATime()
    {
        await using var server = await AcmeServer.StartAsync();
        var created = await server.Acme.ExternalKeys.CreateAsync(new NewAcmeExternalKey(null, "team-a", [], [], null, TimeSpan.FromDays(1)), "admin:test", "c", TestContext.Current.CancellationToken);
        var key = Assert.IsType<Outcome<CreatedAcmeExternalKey>.Done>(created).Value;
        server.Wrapper.Failure = new AgentPki.Cryptography.KeyUnavailableException("gone", TimeSpan.FromSeconds(7));
        var client = server.Client();
        var answer = await BindAsync(client, key);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "serverInternal", 7), (answer.Status, answer.Problem, answer.RetryAfter));
        Assert.NotNull(answer.Nonce);
        server.Wrapper.Failure = null;
        Assert.Null((await BindAsync(client, key)).Problem);
    }

    private static async Task<AcmeTestClient> BoundAsync(AcmeServer server, CreatedAcmeExternalKey key)
    {
        var client = server.Client();
        Assert.Null((await BindAsync(client, key)).Problem);
        return client;
    }

    private static async Task<AcmeTestAnswer> BindAsync(AcmeTestClient client, CreatedAcmeExternalKey key) => await client.RegisterAsync(new JsonObject
    {
        ["externalAccountBinding"] = client.Binding(await client.UrlAsync("newAccount"), key.Key.Id, System.Buffers.Text.Base64Url.DecodeFromChars(key.Secret)),
    });

    // The share fills again by the clock meanwhile: so many requests at most.
    private static async Task<AcmeTestAnswer> UntilRefusedAsync(AcmeTestClient client, int most)
    {
        var answer = await client.OrderAsync(("dns", "a.test"));
        for (var i = 1; i < most && answer.Problem is null; i++)
        {
            answer = await client.OrderAsync(("dns", "a.test"));
        }

        return answer;
    }
}
