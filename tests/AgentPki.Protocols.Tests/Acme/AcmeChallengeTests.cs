using System.Net;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>How challenges are looked at: what breaks ends, and nobody stands in everybody's way.</summary>
public sealed class AcmeChallengeTests
{
    [Fact]
    public async Task Challenge_ValidatorBreaks_IsInvalidOnce_AndNothingOfTheErrorIsShown()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        server.Http01.Judge = (_, _) => throw new InvalidOperationException("Secret.");
        var order = await client.AuthorizeAsync(await client.OrderAsync(("dns", "a.test")));

        Assert.Equal("invalid", order.Json["status"]!.ToString());
        Assert.Equal("urn:ietf:params:acme:error:serverInternal", order.Json["error"]!["type"]!.ToString());
        Assert.DoesNotContain("Secret", order.Text, StringComparison.Ordinal);
        await server.Authority.Services.MaintainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, server.Http01.Looks);
    }

    [Fact]
    public async Task Challenge_OwnerHasItsShareWaiting_IsRateLimitedAndNotTaken_OthersGoOn()
    {
        // One at a time, and two more in the line, for one owner.
        await using var server = await AcmeServer.StartAsync(new AcmeOptions { ConcurrentValidations = 4, WaitingValidations = 8 });
        var (greedy, other) = (await server.RegisteredAsync(), await server.RegisteredAsync());
        var gate = new TaskCompletionSource();
        server.Http01.Judge = async (request, cancellationToken) =>
        {
            await (request.Identifier.Value.StartsWith("slow", StringComparison.Ordinal) ? gate.Task.WaitAsync(cancellationToken) : Task.CompletedTask);
            return new ValidationResult.Valid("seen");
        };
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("processing", (await AnswerAsync(server, greedy, await ChallengeAsync(greedy, $"slow{i}.test"))).Json["status"]!.ToString());
        }

        var fourth = await ChallengeAsync(greedy, "slow3.test");
        var refused = await AnswerAsync(server, greedy, fourth);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rateLimited"), (refused.Status, refused.Problem));
        Assert.NotNull(refused.RetryAfter);
        Assert.Equal("pending", (await greedy.GetAsync(fourth)).Json["status"]!.ToString());
        Assert.Equal("ready", (await other.AuthorizeAsync(await other.OrderAsync(("dns", "quick.test")))).Json["status"]!.ToString());

        gate.SetResult();
        for (var i = 0; i < 400 && refused.Problem is not null; i++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
            refused = await AnswerAsync(server, greedy, fourth);
        }

        Assert.Null(refused.Problem);
    }

    private static async Task<string> ChallengeAsync(AcmeTestClient client, string name)
    {
        var order = await client.OrderAsync(("dns", name));
        return AcmeTestClient.ChallengeOf(await client.GetAsync(order.Json["authorizations"]![0]!.ToString()), "http-01");
    }

    // The client's POST waits for a moment of the test's clock.
    private static async Task<AcmeTestAnswer> AnswerAsync(AcmeServer server, AcmeTestClient client, string challenge)
    {
        var posted = client.PostAsync(challenge, []);
        while (await Task.WhenAny(posted, Task.Delay(5, TestContext.Current.CancellationToken)) != posted)
        {
            server.Authority.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return await posted;
    }
}
