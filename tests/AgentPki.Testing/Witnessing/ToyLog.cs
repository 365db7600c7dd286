using System.Collections.Immutable;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;

namespace AgentPki.Testing.Witnessing;

/// <summary>A log of made-up leaves that signs whatever it is asked to: honest, set back, forked.</summary>
public sealed class ToyLog : IMerkleNodes
{
    public static CryptoProviders Providers { get; } = new(new PlatformProvider(), new BouncyCastleProvider());

    private readonly ISigningKey _key;
    private readonly List<MerkleHash> _leaves;

    private ToyLog(string origin, ISigningKey key, List<MerkleHash> leaves) => (Origin, _key, _leaves) = (origin, key, leaves);

    public string Origin { get; }

    public NoteKey Key => NoteKey.Create(Origin, _key.PublicKey);

    public WitnessedLog Watched => new(Origin, [Key]);

    public static async Task<ToyLog> NewAsync(long size = 0, string? origin = null)
    {
        var key = await KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint);
        var log = new ToyLog(origin ?? $"logs.test/{Guid.NewGuid():n}", key, []);
        log.Grow(size);
        return log;
    }

    public static async Task<ISigningKey> KeyAsync(KeyAlgorithm algorithm, KeyPurpose purpose)
    {
        var provider = Providers.For(algorithm, KeyCapabilities.Generate | KeyCapabilities.Sign) ?? throw new NotSupportedException(algorithm.Name);
        return await provider.GenerateAsync(new KeySpec($"toy-{Guid.NewGuid():n}", algorithm, purpose), CancellationToken.None);
    }

    /// <summary>The same key, other leaves from there on.</summary>
    public ToyLog Fork(int at) => new(Origin, _key, [.. _leaves.Take(at), .. Enumerable.Range(0, _leaves.Count - at).Select(i => MerkleTree.HashLeaf(Encoding.ASCII.GetBytes($"forked {at} {i}")))]);

    public void Grow(long by)
    {
        for (var i = 0; i < by; i++)
        {
            _leaves.Add(MerkleTree.HashLeaf(Encoding.ASCII.GetBytes($"leaf {_leaves.Count}")));
        }
    }

    public Checkpoint Head(int size)
    {
        var frontier = new MerkleFrontier();
        foreach (var leaf in _leaves.Take(size))
        {
            frontier.Append(leaf);
        }

        return new Checkpoint(Origin, size, frontier.Root());
    }

    public Task<SignedCheckpoint> SignAsync(int size) => SignAsync(Head(size));

    public async Task<SignedCheckpoint> SignAsync(Checkpoint head) =>
        new(head, new SignedNote(head.ToNoteText(), [await Key.SignAsync(_key, head.ToNoteText(), DateTimeOffset.UnixEpoch, CancellationToken.None)]));

    /// <summary>What an honest feeder sends.</summary>
    public async Task<WitnessRequest> RequestAsync(int old, int size) => new(old, await ProofAsync(old, size), await SignAsync(size));

    public async Task<ImmutableArray<MerkleHash>> ProofAsync(int old, int size) => [.. await new MerkleProver(this).ConsistencyProofAsync(old, size, CancellationToken.None)];

    public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken) => new([.. Enumerable.Range(0, count).Select(i =>
    {
        var subtree = new MerkleFrontier();
        foreach (var leaf in _leaves.GetRange((int)((first + i) << level), 1 << level))
        {
            subtree.Append(leaf);
        }

        return subtree.Root();
    })]);
}

/// <summary>A witness's memory in memory.</summary>
public sealed class MemoryWitnessState(params WitnessedLog[] logs) : IWitnessState
{
    private readonly Dictionary<string, SignedCheckpoint> _last = [];

    /// <summary>Thrown instead of remembering.</summary>
    public IOException? Failure { get; set; }

    public List<(WitnessRequest Refused, bool Proven)> Kept { get; } = [];

    public WitnessedLog? Find(string origin) => logs.FirstOrDefault(log => log.Origin == origin);

    public string? FindByHash(string originHash) => logs.Select(log => log.Origin).FirstOrDefault(origin => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(origin))) == originHash);

    public SignedCheckpoint? Last(string origin) => _last.GetValueOrDefault(origin);

    public void Replace(string origin, SignedCheckpoint cosigned) => _last[origin] = Failure is null ? cosigned : throw Failure;

    public bool Keep(WitnessRequest refused, SignedCheckpoint? last, string reason, bool proven)
    {
        Kept.Add((refused, proven));
        return true;
    }
}
