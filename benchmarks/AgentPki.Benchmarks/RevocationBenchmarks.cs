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
/// One revocation of so many certificates by their owner, durable: one transaction, one fsync, one leaf, one event, the keys blocked. The certificates lie among
/// as many of others. Each iteration revokes a set of its own.
/// </summary>
[WarmupCount(1)]
[IterationCount(5)]
public class RevocationBenchmarks
{
    private const string AuthorityName = "issuing";
    private readonly byte[] _der = RandomNumberGenerator.GetBytes(700);
    private DirectoryInfo? _folder;
    private SqliteStore? _store;
    private long _count;
    private int _owner;

    [Params(1, 1000, 100_000)]
    public int Certificates { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("agentpki-bench-");
        _store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions { DatabasePath = Path.Combine(_folder.FullName, "bench.db") }, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None);
        var authority = new AuthorityRecord(AuthorityName, AuthorityName, new KeyReference("platform", "bench"), SignatureAlgorithm.EcdsaSha256, _der, DateTimeOffset.UtcNow);
        _store.Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.AuthorityCreated, DateTimeOffset.UtcNow, "bench", LedgerFacts.OfSerial(AuthorityName, [1])), [new StoreChange.AddAuthority(authority)])]);
    }

    [IterationSetup]
    public void Issue()
    {
        _owner++;
        foreach (var batch in Enumerable.Range(0, 2 * Certificates).Select(n => Issuance(n % 2 == 0 ? $"team-{_owner}" : "others")).Chunk(500))
        {
            _store!.Apply(batch);
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _folder?.Delete(recursive: true);
    }

    [Benchmark]
    public void Revoke()
    {
        var now = DateTimeOffset.UtcNow;
        var change = new StoreChange.RevokeSet(new RevocationSelector { Owner = $"team-{_owner}" }, now, RevocationReason.KeyCompromise, null, AgentState.Suspended);
        var entry = new LedgerEntry(LedgerEntryKind.CertificateRevoked, now, "bench", LedgerFacts.OfSerial(AuthorityName, [1]).Clear());
        if (_store!.Apply([new CommitRequest(entry, [change])])[0] is not CommitOutcome.Committed { Selected: { } selected } || selected.Count != Certificates)
            throw new InvalidOperationException("not as many were revoked");
    }

    private CommitRequest Issuance(string owner)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string agent = $"spiffe://agents.example/bench/{++_count}";
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 1);
        byte[] key = RandomNumberGenerator.GetBytes(32);
        return new CommitRequest(
            new LedgerEntry(LedgerEntryKind.CertificateIssued, now, "credential:bench", LedgerFacts.OfCertificate(AuthorityName, serial, _der)),
            [
                new StoreChange.RegisterAgent(new AgentRecord(agent, owner, "agent", AgentState.Active, now)),
                new StoreChange.BindKey(key, agent),
                new StoreChange.AddCertificate(new CertificateRecord(AuthorityName, serial, _der, "agent", agent, key, now, now.AddHours(1), now, "credential:bench")),
            ]);
    }
}
