using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Storage;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>
/// Durable commits: each request is an issuance for a new agent (agent, key, certificate and ledger entry), and a batch shares one
/// transaction and one fsync. The numbers are per request.
/// </summary>
public class CommitBenchmarks
{
    private const int RequestsPerInvoke = 256;
    private const string AuthorityName = "issuing";
    private readonly byte[] _der = RandomNumberGenerator.GetBytes(700);
    private DirectoryInfo? _folder;
    private SqliteStore? _store;
    private long _count;

    [Params(1, 32, 256)]
    public int Batch { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("agentpki-bench-");
        _store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions { DatabasePath = Path.Combine(_folder.FullName, "bench.db") }, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None);
        var authority = new AuthorityRecord(AuthorityName, AuthorityName, new KeyReference("platform", "bench"), SignatureAlgorithm.EcdsaSha256, _der, DateTimeOffset.UtcNow);
        var facts = LedgerFacts.OfSerial(AuthorityName, [1]);
        _store.Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.AuthorityCreated, DateTimeOffset.UtcNow, "bench", facts), [new StoreChange.AddAuthority(authority)])]);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _folder?.Delete(recursive: true);
    }

    [Benchmark(OperationsPerInvoke = RequestsPerInvoke)]
    public void Commit()
    {
        for (int done = 0; done < RequestsPerInvoke; done += Batch)
        {
            var batch = new List<CommitRequest>(Batch);
            for (int i = 0; i < Batch; i++)
                batch.Add(Issuance(++_count));
            if (!_store!.Apply(batch).All(o => o is CommitOutcome.Committed))
                throw new InvalidOperationException("a commit met a conflict");
        }
    }

    private CommitRequest Issuance(long number)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string agent = $"spiffe://agents.example/bench/{number}";
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 1);
        byte[] key = RandomNumberGenerator.GetBytes(32);
        return new CommitRequest(
            new LedgerEntry(LedgerEntryKind.CertificateIssued, now, "credential:bench", LedgerFacts.OfCertificate(AuthorityName, serial, _der)),
            [
                new StoreChange.RegisterAgent(new AgentRecord(agent, "bench", "agent", AgentState.Active, now)),
                new StoreChange.BindKey(key, agent),
                new StoreChange.AddCertificate(new CertificateRecord(AuthorityName, serial, _der, "agent", agent, key, now, now.AddHours(1), now, "credential:bench")),
            ]);
    }
}
