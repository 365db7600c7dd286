using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Acme;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>kill -9 at random moments under concurrent ACME flows: what a client got is stored, no order has two certificates, and every order goes on.</summary>
public sealed class AcmeCrashTests
{
    private const int Customers = 6;

    [Fact]
    public Task Kill_UnderAcmeLoad_LeavesOrdersThatGoOn() => RunAsync(rounds: 1);

    [Fact]
    [Trait("tier", "full")]
    public Task Kill_UnderAcmeLoadFortyTimes_LeavesOrdersThatGoOn() => RunAsync(rounds: 40);

    private static async Task RunAsync(int rounds)
    {
        await using var targets = new AcmeTargets();
        var answers = new ConcurrentDictionary<string, string>();
        await using var web = new ChallengeFolder(targets.Http01Port, token => answers.GetValueOrDefault(token));
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Environment = targets.Environment });
        var customers = new List<AcmeCustomer>();
        for (var i = 0; i < Customers; i++)
        {
            customers.Add(await AcmeCustomer.NewAsync(appliance, answers));
        }

        var interrupted = 0;
        for (var round = 0; round < rounds; round++)
        {
            interrupted += await KillUnderLoadAsync(appliance, customers);
            await appliance.StartUntilReadyAsync();
            AssertNothingIsMissing(appliance, customers, round);
            await Task.WhenAll(customers.Select(customer => customer.GoOnAsync()));
            AssertNothingIsMissing(appliance, customers, round);
        }

        Assert.True(interrupted > 0, "no kill met a request under way");
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        customers.ForEach(customer => customer.Dispose());
    }

    private static async Task<int> KillUnderLoadAsync(Appliance appliance, List<AcmeCustomer> customers)
    {
        using var stop = new CancellationTokenSource();
        var already = customers.Sum(Bought);
        var storm = customers.Select(customer => Task.Run(() => BuyUntilStoppedAsync(customer, stop.Token))).ToList();
        await Eventually.TrueAsync(
            () => Task.FromResult(customers.Sum(Bought) > already), TimeSpan.FromSeconds(60), () => $"nobody got a certificate:\n{appliance.Output}", giveUp: () => storm.Exists(worker => worker.IsFaulted));
        await Task.Delay(RandomNumberGenerator.GetInt32(1, 700));
        await appliance.KillAsync();
        await stop.CancelAsync();
        return (await Task.WhenAll(storm)).Sum();
    }

    private static int Bought(AcmeCustomer customer) => customer.Purchases.Count(p => p.Certificate is not null);

    // Without cancellation of what is under way: an answer that comes is read to its end and counts.
    private static async Task<int> BuyUntilStoppedAsync(AcmeCustomer customer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await customer.BuyAsync(Csr.NewName("storm"));
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                return 1;
            }
        }

        return 0;
    }

    // What must hold of the disk alone.
    private static void AssertNothingIsMissing(Appliance appliance, List<AcmeCustomer> customers, int round)
    {
        var released = new ReleasedCertificates(appliance.Home);
        released.Add(customers.SelectMany(customer => customer.Purchases).Select(purchase => purchase.Certificate).OfType<X509Certificate2>());
        released.AssertNothingIsMissing($"round {round}");
        var books = new HomeStore(appliance.Home).AcmeBooks();
        Assert.True(books.Certificates == books.Fulfilled, $"round {round}: {books.Certificates} certificates of ACME accounts, {books.Fulfilled} orders that have one");
        Assert.True(books.Fulfilled == books.Distinct && books.Fulfilled == books.Valid, $"round {round}: {books}");
    }
}
