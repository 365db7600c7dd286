using System.Globalization;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Garbage must not buy memory: the whole table again and again, and the process stays as large as it was.</summary>
public sealed class MemoryTests
{
    private const int MayGrowMegabytes = 48;

    [Theory]
    [InlineData(3, 6)]
    [Trait("tier", "full")]
    public Task HostileRequests_ByTheThousand_LeaveMemoryAsItWas(int warmUp, int rounds) => RunAsync(warmUp, rounds);

    [Theory]
    [InlineData(10, 150)]
    [Trait("tier", "full")]
    public Task HostileRequests_ByTheTenThousand_LeaveMemoryAsItWas(int warmUp, int rounds) => RunAsync(warmUp, rounds);

    private static async Task RunAsync(int warmUp, int rounds)
    {
        await using var fixture = new HostileAppliance();
        var world = await fixture.GetAsync();
        await SendTableAsync(fixture, warmUp);
        var before = ResidentMegabytes(world.Appliance);
        await SendTableAsync(fixture, rounds);
        var after = ResidentMegabytes(world.Appliance);

        Assert.True(after - before <= MayGrowMegabytes, $"resident memory rose from {before} to {after} MB over {rounds} rounds of {HostileTable.Cases.Count} requests");
        Assert.Equal(200, (await world.Appliance.Http().ExchangeAsync(Requests.Get("/readyz")))?.Status);
        (await world.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static async Task SendTableAsync(HostileAppliance fixture, int rounds)
    {
        // Requests are dear to build (RSA keys) and cheap to send: build once.
        var world = await fixture.GetAsync();
        var built = HostileTable.Cases.Values.Select(hostile => hostile with { Request = Once(hostile.Request(world)) }).ToList();
        for (var round = 0; round < rounds; round++)
        {
            await Parallel.ForEachAsync(built, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (hostile, _) => Assert.NotNull(await fixture.SendAsync(hostile)));
        }
    }

    private static Func<HostileWorld, byte[]> Once(byte[] octets) => _ => octets;

    private static int ResidentMegabytes(Appliance appliance) => int.Parse(
        File.ReadLines($"/proc/{appliance.ProcessId}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;
}
