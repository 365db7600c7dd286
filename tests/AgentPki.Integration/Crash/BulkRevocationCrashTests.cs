using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Store;
using AgentPki.Integration.Harness;
using AgentPki.Storage;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Integration.Crash;

/// <summary>kill -9 in the middle of a bulk revocation: all of it or nothing, and the events say which.</summary>
public sealed class BulkRevocationCrashTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("tier", "full")]
    public async Task Kill_InABulkRevocation_LeavesAllOrNothing()
    {
        const int Rounds = 12;
        const int Size = 20_000;
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        await SeedAsync(appliance, Rounds, Size);
        await appliance.StartUntilReadyAsync();
        var store = new HomeStore(appliance.Home);
        var (done, cut) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var before = store.Revocations().Count;
            var revoking = appliance.Cli.RunAsync("revoke", "--owner", Owner(round), "--reason", "cessationOfOperation", "--confirm", Size.ToString(CultureInfo.InvariantCulture));

            // The program takes its time to start; the commit itself takes a few hundred milliseconds.
            await Task.Delay(RandomNumberGenerator.GetInt32(300, 2500), Cancelled);
            await appliance.KillAsync();
            var answer = await revoking;
            await appliance.StartUntilReadyAsync();

            var taken = store.Revocations().Count - before;
            Assert.True(taken is 0 or Size, $"round {round}: {taken} of {Size} were revoked");
            Assert.Equal(store.RevocationEvents().Sum(e => e.Count), before + taken);
            Assert.True(taken == Size || answer.ExitCode != 0, $"round {round}: the operator was told 'revoked', and nothing is: {answer.Text}");
            (done, cut) = taken == Size ? (done + 1, cut) : (done, cut + 1);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{done} done, {cut} cut off");
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();

        // Whatever was cut off can be done now.
        for (var round = 0; round < Rounds; round++)
        {
            (await appliance.Cli.RunAsync("revoke", "--owner", Owner(round), "--reason", "cessationOfOperation", "--confirm", Size.ToString(CultureInfo.InvariantCulture))).MustSucceed();
        }

        Assert.Equal(Rounds * Size, store.Revocations().Count);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static string Owner(int round) => string.Create(CultureInfo.InvariantCulture, $"team-{round}");

    /// <summary>Certificates as if they had been issued: the revocation needs their records and their entries in the ledger.</summary>
    private static async Task SeedAsync(Appliance appliance, int owners, int each)
    {
        await using var store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions { DatabasePath = Path.Combine(appliance.Home, "data", "agentpki.db") }, TimeProvider.System, NullLogger<SqliteStore>.Instance, Cancelled);
        var end = DateTimeOffset.UtcNow.AddDays(1);
        for (var owner = 0; owner < owners; owner++)
        {
            var requests = Enumerable.Range(owner * each, each).Select(n => Issuance(n, Owner(owner), end));
            foreach (var batch in requests.Chunk(500))
            {
                Assert.All(store.Apply(batch), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
            }
        }
    }

    private static CommitRequest Issuance(int n, string owner, DateTimeOffset end)
    {
        var sample = StoreSamples.Issuance(n);
        var changes = ImmutableArray.CreateRange<StoreChange>(sample.Changes.Select(c => c switch
        {
            StoreChange.AddCertificate add => new StoreChange.AddCertificate(add.Certificate with { NotAfter = end }),
            StoreChange.RegisterAgent register => new StoreChange.RegisterAgent(register.Agent with { Owner = owner }),
            _ => c,
        }));
        return sample with { Changes = changes };
    }
}
