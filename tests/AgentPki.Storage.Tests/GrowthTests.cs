using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>What an issuance and a lookup cost as the store grows. Prints; asserts only that everything is there.</summary>
public sealed class GrowthTests(ITestOutputHelper output)
{
    private const int BatchSize = 50;

    [Fact]
    [Trait("tier", "full")]
    public async Task Growth_ToAMillionCertificates_IsMeasured()
    {
        var rows = int.Parse(Environment.GetEnvironmentVariable("AGENTPKI_GROWTH_ROWS") ?? "1000000", CultureInfo.InvariantCulture);
        using var folder = new TemporaryFolder();
        await using var store = await folder.OpenAsync();
        store.Apply([StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)))]);
        Print($"{"stored",10} {"insert",10} {"insert",10} {"insert",10} {"status",10} {"find",10} {"by agent",10} {"database",10} {"log",8}");
        Print($"{"",10} {"CPU µs",10} {"wall µs",10} {"pages",10} {"µs",10} {"µs",10} {"µs",10} {"MB",10} {"MB",8}");
        var serials = new List<(byte[] Serial, string Agent)>();
        var stored = 0;
        for (var goal = 1000; goal <= rows; goal *= 2)
        {
            stored = Measure(store, stored, goal, serials, folder);
        }

        if (stored < rows)
        {
            stored = Measure(store, stored, rows, serials, folder);
        }

        Assert.Equal(stored, await ((ICertificateStore)store).CountAsync(TestContext.Current.CancellationToken));
        Print($"{Process.GetCurrentProcess().WorkingSet64 >> 20} MB of memory in use");
    }

    private int Measure(SqliteStore store, int stored, int goal, List<(byte[] Serial, string Agent)> sample, TemporaryFolder folder)
    {
        // The requests are made before the clock runs; the last part of the way is measured.
        while (stored < goal - 1000)
        {
            Insert(store, Batches(Math.Min(10_000, goal - 1000 - stored), sample), ref stored);
        }

        var batches = Batches(goal - stored, sample);
        var (cpu, wall) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.StartNew());
        var (measured, frames) = (goal - stored, store.FramesWritten);
        Insert(store, batches, ref stored);
        var (cpuSpent, wallSpent) = (Process.GetCurrentProcess().TotalProcessorTime - cpu, wall.Elapsed);
        ICertificateStore reads = store;
        var status = TimeReads(sample, s => reads.FindStatusAsync(StoreSamples.Authority, s.Serial, default).AsTask().Result is not null);
        var find = TimeReads(sample, s => reads.FindAsync(StoreSamples.Authority, s.Serial, default).AsTask().Result is not null);
        var agent = TimeReads(sample, s => reads.ListByAgentAsync(s.Agent, 10, default).AsTask().Result.Count > 0);
        long Size(string suffix) => new FileInfo(folder.Database + suffix) is { Exists: true } file ? file.Length >> 20 : 0;
        Print($"{stored,10} {cpuSpent.TotalMicroseconds / measured,10:F1} {wallSpent.TotalMicroseconds / measured,10:F1} {(store.FramesWritten - frames) / (double)measured,10:F2} {status,10:F1} {find,10:F1} {agent,10:F1} {Size(""),10} {Size("-wal"),8}");
        return stored;
    }

    private static void Insert(SqliteStore store, List<CommitRequest[]> batches, ref int stored)
    {
        foreach (var batch in batches)
        {
            Assert.All(store.Apply(batch), outcome => Assert.IsType<CommitOutcome.Committed>(outcome));
            stored += batch.Length;
        }
    }

    private static List<CommitRequest[]> Batches(int count, List<(byte[] Serial, string Agent)> sample)
    {
        var batches = new List<CommitRequest[]>();
        for (var left = count; left > 0; left -= BatchSize)
        {
            batches.Add([.. Enumerable.Range(0, Math.Min(left, BatchSize)).Select(i => Issuance(i == 0 ? sample : null))]);
        }

        return batches;
    }

    /// <summary>A first enrolment with a random serial, a random key and an agent of a random name: the worst case of all three indexes.</summary>
    private static CommitRequest Issuance(List<(byte[] Serial, string Agent)>? sample)
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = 0x5A;
        var agent = $"spiffe://example.test/fleet/{Convert.ToHexStringLower(serial.AsSpan(8))}";
        var der = RandomNumberGenerator.GetBytes(700);
        var certificate = StoreSamples.Certificate(0) with { Serial = serial, Der = der, AgentId = agent, KeyFingerprint = RandomNumberGenerator.GetBytes(32) };
        sample?.Add((serial, agent));
        var facts = LedgerFacts.OfCertificate(certificate.Authority, serial, der).Add("agent", agent).Add("profile", "agent").Add("protocol", "est").Add("correlation", "0123456789abcdef");
        return new CommitRequest(
            new LedgerEntry(LedgerEntryKind.CertificateIssued, StoreSamples.Now, "credential:dev", facts),
            [new StoreChange.AddCertificate(certificate), new StoreChange.RegisterAgent(StoreSamples.Agent(0) with { Id = agent }), new StoreChange.BindKey(certificate.KeyFingerprint, agent)]);
    }

    private static double TimeReads(List<(byte[] Serial, string Agent)> sample, Func<(byte[] Serial, string Agent), bool> read)
    {
        const int Count = 2000;
        var random = new Random(1);
        var wall = Stopwatch.StartNew();
        for (var i = 0; i < Count; i++)
        {
            Assert.True(read(sample[random.Next(sample.Count)]));
        }

        return wall.Elapsed.TotalMicroseconds / Count;
    }

    private void Print(string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("AGENTPKI_GROWTH_ROWS") is not null)
        {
            Console.Error.WriteLine(line);
        }
    }
}
