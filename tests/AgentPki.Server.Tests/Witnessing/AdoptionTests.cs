using System.Collections.Immutable;
using System.Net;
using AgentPki.Authority.Store;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Tiles;
using AgentPki.Server.Audit;
using AgentPki.Server.Witnessing;
using AgentPki.Testing.Stores;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Server.Tests.Witnessing;

/// <summary>A restored ledger before a witness: what it must contain and own up to before it is watched.</summary>
public sealed class AdoptionTests : IAsyncLifetime
{
    private const int Backup = 300;
    private readonly List<Checkpoint> _history = [];
    private InMemoryStore _store = null!;
    private ISigningKey _key = null!;
    private HttpListener _http = null!;
    private string _prefix = "";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = new InMemoryStore();
        _key = await ToyLog.KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint);
        foreach (var size in (int[])[10, 200, Backup])
        {
            _history.Add(Grow(_store, size));
        }

        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        _http = new HttpListener();
        _prefix = $"http://127.0.0.1:{port}/";
        _http.Prefixes.Add(_prefix);
        _http.Start();
        _ = ServeAsync();
    }

    public ValueTask DisposeAsync()
    {
        _http.Close();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Examine_NothingWasLost_IsAdopted()
    {
        Restore(cites: null);
        var finding = await ExamineAsync(_history[^1]);
        Assert.Null(finding.Problem);
        Assert.Contains(("cosigned heads that it contains", "3"), finding.Facts);
    }

    [Fact]
    public async Task Examine_EntriesWereLost_MustBeOwnedUpTo()
    {
        // The witness has seen 50 entries more than the backup had.
        var lost = _history[^1] with { Size = Backup + 50, Root = MerkleTree.HashLeaf("lost"u8) };
        Restore(cites: lost);
        Assert.Null((await ExamineAsync(lost)).Problem);
    }

    [Fact]
    public async Task Examine_EntriesWereLostAndNotOwnedUpTo_IsRefused()
    {
        var lost = _history[^1] with { Size = Backup + 50, Root = MerkleTree.HashLeaf("lost"u8) };
        Restore(cites: lost with { Size = Backup + 20 });
        Assert.Contains("not owned up to", (await ExamineAsync(lost)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examine_AnotherPast_IsRefused()
    {
        Restore(cites: null);
        _history[1] = _history[1] with { Root = MerkleTree.EmptyRoot };
        Assert.Contains("first 200 entries are not", (await ExamineAsync(_history[^1])).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examine_AnotherLogKeyOrEntry_IsRefused()
    {
        Restore(cites: null);
        var head = Checkpoint.Of(await _store.HeadAsync(Cancelled));
        Assert.Contains("not a later epoch", (await ExamineAsync(_history[^1], old: $"agentpki.internal/log/{LogId.Generate()}/1")).Problem, StringComparison.Ordinal);
        Assert.Contains("not a later epoch", (await ExamineAsync(_history[^1], old: head.Origin)).Problem, StringComparison.Ordinal);
        var stranger = await ToyLog.KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint);
        Assert.Contains("not signed by the ledger's key", (await ExamineAsync(_history[^1], key: NoteKey.Create(head.Origin, stranger.PublicKey))).Problem, StringComparison.Ordinal);
        Assert.Contains("not of the entry that began", (await ExamineAsync(_history[^1], entry: Backup - 1)).Problem, StringComparison.Ordinal);
    }

    private void Restore(Checkpoint? cites)
    {
        var facts = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        if (cites is not null)
        {
            facts = facts.Add(LedgerFacts.PreviousSize, $"{cites.Size}").Add(LedgerFacts.PreviousRoot, cites.Root.ToBase64());
        }

        _store.Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.EpochStarted, StoreSamples.Now, "appliance", facts), [])]);
        Grow(_store, Backup + 20);
    }

    private async Task<Adoption.Finding> ExamineAsync(Checkpoint last, string? old = null, NoteKey? key = null, long entry = Backup)
    {
        var signed = await SignedAsync();
        ILedgerStore ledger = _store;
        var proof = TlogProof.Of((await ledger.FindAsync(entry, Cancelled))!, await new MerkleProver(_store).InclusionProofAsync(entry, signed.Checkpoint.Size, Cancelled), signed, withDetails: true);
        Assert.True(InclusionProof.TryParse(proof.ToString(), out var read, out var error), error);
        var origin = signed.Checkpoint.Origin;
        using var published = new PublishedLedger(new Uri(_prefix + origin["agentpki.internal/".Length..]));
        return await Adoption.ExamineAsync(old ?? _history[0].Origin, last, _history, key ?? NoteKey.Create(origin, _key.PublicKey), read, published, Cancelled);
    }

    private async ValueTask<SignedCheckpoint> SignedAsync() => await new CheckpointSigner(_key).SignAsync(await _store.HeadAsync(Cancelled), Cancelled);

    private static Checkpoint Grow(InMemoryStore store, int size)
    {
        var head = store.HeadAsync(Cancelled).AsTask().GetAwaiter().GetResult();
        store.Apply([.. Enumerable.Range((int)head.Size, size - (int)head.Size).Select(i => new CommitRequest(StoreSamples.Entry(LedgerEntryKind.ConfigurationChanged, ("n", $"{i}")), []))]);
        return Checkpoint.Of(store.HeadAsync(Cancelled).AsTask().GetAwaiter().GetResult());
    }

    /// <summary>What <c>Protocols/Tiles</c> would serve.</summary>
    private async Task ServeAsync()
    {
        while (_http.IsListening)
        {
            var context = await _http.GetContextAsync();
            var path = context.Request.Url!.AbsolutePath;
            var octets = path.EndsWith("/checkpoint", StringComparison.Ordinal)
                ? System.Text.Encoding.UTF8.GetBytes((await SignedAsync()).ToString())
                : LedgerTile.TryParse(path[(path.IndexOf("/tile/", StringComparison.Ordinal) + 6)..], out var tile) ? await new TileReader(_store).ReadAsync(tile, CancellationToken.None) : [];
            await context.Response.OutputStream.WriteAsync(octets);
            context.Response.Close();
        }
    }
}
