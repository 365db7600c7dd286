using System.Collections.Immutable;
using System.Net;
using AgentPki.Authority.Audit;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Protocols.Tiles;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Fuzz;
using AgentPki.Testing.Tiles;

namespace AgentPki.Protocols.Tests.Tiles;

public sealed class TileEndpointsTests : IAsyncLifetime
{
    private TestAuthority _authority = null!;
    private RequestRates _rates = null!;
    private TestServer _server = null!;
    private HttpClient _http = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _authority = await TestAuthority.StartAsync();
        _rates = new RequestRates(new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var services = new TileServices
        {
            Ledger = _authority.Store, Clients = new ClientIdentity(new ClientIdentityOptions(), _ => false), Rates = _rates, Time = _authority.Time,
        };
        _server = await TestServer.StartAsync(routes => routes.MapTiles(services));
        _http = _server.Client(to: _server.Http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        await _rates.DisposeAsync();
        await _authority.DisposeAsync();
    }

    [Fact]
    public async Task Tiles_ReadWithoutOurCode_GiveTheSignedRootEntriesAndProofs()
    {
        await GrowToAsync(300);
        var (prefix, early) = await PublishedAsync();
        await GrowToAsync(600);
        var (_, checkpoint) = await PublishedAsync();
        var log = Log(prefix, checkpoint.Size);

        // The root from nothing but the leaf hashes, these from nothing but the entries, and level 1 from level 0.
        var leaves = await log.LeafHashesAsync();
        Assert.Equal(checkpoint.Root.ToByteArray(), TiledLog.Root(leaves));
        Assert.Equal(leaves, (await log.EntriesAsync()).Select(TiledLog.HashLeaf));
        Assert.Equal(leaves.Chunk(256).Where(tile => tile.Length == 256).Select(TiledLog.Root), await log.LevelAsync(1));
        Assert.Equal(
            ["0/000", "0/001", "0/002.p/88", "1/000.p/2", "entries/000", "entries/001", "entries/002.p/88"],
            log.Fetched.Order(StringComparer.Ordinal));

        // Proofs from tiles alone are those that the ledger makes and verifies.
        var prover = new MerkleProver(_authority.Store);
        foreach (var index in (long[])[0, 255, 256, 511, 512, 599])
        {
            var proof = Hashes(await Log(prefix, 600).InclusionProofAsync(index));
            Assert.Equal(await prover.InclusionProofAsync(index, 600, Cancelled), proof);
            Assert.True(MerkleTree.VerifyInclusion(new MerkleHash(leaves[(int)index]), index, 600, proof, checkpoint.Root));
        }

        var consistency = Hashes(await Log(prefix, 600).ConsistencyProofAsync(300));
        Assert.True(MerkleTree.VerifyConsistency(300, early.Root, 600, checkpoint.Root, consistency));
    }

    [Fact]
    public async Task Entries_AreTheLeaves_WithoutDetails()
    {
        await GrowToAsync(20);
        var (prefix, checkpoint) = await PublishedAsync();
        var entries = await Log(prefix, checkpoint.Size).EntriesAsync();
        await foreach (var record in _authority.Store.ReadAsync(0, Cancelled))
        {
            Assert.Equal(record.Leaf.Encode(), entries[(int)record.Leaf.Index]);
        }

        Assert.Equal(20, entries.Count);
    }

    [Fact]
    public async Task Checkpoint_IsTheNewestSignedOne_AndNotCached()
    {
        await GrowToAsync(20);
        var (prefix, _) = await PublishedAsync();

        using var answer = await _http.GetAsync($"{prefix}/checkpoint", Cancelled);

        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.True(answer.Headers.CacheControl?.NoCache);
        Assert.True(SignedCheckpoint.TryParse(await answer.Content.ReadAsStringAsync(Cancelled), out var signed, out _));
        Assert.Equal(20, signed.Checkpoint.Size);
        Assert.Equal($"agentpki.internal{prefix}", signed.Checkpoint.Origin);
        Assert.True(NoteKey.Create(signed.Checkpoint.Origin, _authority.Services.Checkpoints.PublicKey!).Verify(signed.Note, _authority.Providers));
    }

    [Theory]
    [InlineData("tile/0/000")]
    [InlineData("tile/0/001.p/44")]
    [InlineData("tile/1/000.p/1")]
    [InlineData("tile/entries/001.p/44")]
    public async Task Tile_NeverChanges_AndMayBeCached(string path)
    {
        await GrowToAsync(300);
        var (prefix, _) = await PublishedAsync();
        using var first = await _http.GetAsync($"{prefix}/{path}", Cancelled);
        var octets = await first.Content.ReadAsByteArrayAsync(Cancelled);
        Assert.Equal("application/octet-stream", first.Content.Headers.ContentType?.ToString());
        Assert.Equal((TimeSpan.FromDays(365), true), (first.Headers.CacheControl?.MaxAge, first.Headers.CacheControl?.Public));

        // Partial tiles stay when the log has outgrown them.
        await GrowToAsync(600);
        await PublishedAsync();
        Assert.Equal(octets, await _http.GetByteArrayAsync($"{prefix}/{path}", Cancelled));

        using var again = new HttpRequestMessage(HttpMethod.Get, $"{prefix}/{path}");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var unchanged = await _http.SendAsync(again, Cancelled);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{prefix}/{path}"), Cancelled);
        Assert.Equal(octets.Length, head.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Tile_BeyondTheSignedHead_IsNotThereYet()
    {
        await GrowToAsync(300);
        var (prefix, _) = await PublishedAsync();
        await GrowToAsync(310);

        foreach (var path in new[] { "0/001.p/45", "entries/001.p/45", "0/001", "1/000.p/2", "1/000", "2/000.p/1", "0/000.p/256", "0/0", "0/%2e%2e/checkpoint", "secrets" })
        {
            using var answer = await _http.GetAsync($"{prefix}/tile/{path}", Cancelled);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{path}: {answer.StatusCode}");
            Assert.True(answer.Headers.CacheControl?.NoStore, path); // it will be there
        }

        await PublishedAsync();
        Assert.Equal(45 * 32, (await _http.GetByteArrayAsync($"{prefix}/tile/0/001.p/45", Cancelled)).Length);
    }

    [Fact]
    public async Task Proof_OfAnEntry_VerifiesByItselfAndHasNoDetails()
    {
        await GrowToAsync(300);
        var (prefix, checkpoint) = await PublishedAsync();
        foreach (var index in (long[])[0, 255, 299])
        {
            Assert.True(TlogProof.TryParse(await _http.GetStringAsync($"{prefix}/proof/{index}", Cancelled), out var proof, out var error), error);
            var record = proof.Record!;
            Assert.True(record.IsErased);
            Assert.Equal((index, checkpoint), (record.Leaf.Index, proof.Checkpoint.Checkpoint));
            Assert.True(MerkleTree.VerifyInclusion(record.Leaf.Hash(), index, checkpoint.Size, proof.Path, checkpoint.Root));
        }

        await GrowToAsync(310);
        foreach (var path in (string[])["300", "-1", "0x1", "007a", "99999999999999999999", "1/2", ""])
        {
            using var answer = await _http.GetAsync($"{prefix}/proof/{path}", Cancelled);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{path}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Quorum_OnlyWhatEnoughWitnessesHaveCosigned_IsServed()
    {
        var services = new TileServices
        {
            Ledger = _authority.Store, Clients = new ClientIdentity(new ClientIdentityOptions(), _ => false), Rates = _rates, Time = _authority.Time, Quorum = 2,
        };
        await using var server = await TestServer.StartAsync(routes => routes.MapTiles(services));
        using var http = server.Client(to: server.Http);
        await GrowToAsync(20);
        var (prefix, first) = await PublishedAsync();
        using var none = await http.GetAsync($"{prefix}/checkpoint", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);

        NoteSignature Line(string name) => new(name, 1, new byte[72]);
        await _authority.Store.AddSignaturesAsync(first, [Line("w1.test"), Line("w2.test")], Cancelled);
        await GrowToAsync(30);
        var (_, second) = await PublishedAsync();
        await _authority.Store.AddSignaturesAsync(second, [Line("w1.test"), new NoteSignature("w1.test", 2, new byte[72]), Line(second.Origin)], Cancelled);

        Assert.True(SignedCheckpoint.TryParse(await http.GetStringAsync($"{prefix}/checkpoint", Cancelled), out var served, out _));
        Assert.Equal((first, 3), (served.Checkpoint, served.Note.Signatures.Length));
        Assert.Equal(20 * 32, (await http.GetByteArrayAsync($"{prefix}/tile/0/000.p/20", Cancelled)).Length);
        using var beyond = await http.GetAsync($"{prefix}/tile/0/000.p/21", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, beyond.StatusCode);
        Assert.True(SignedCheckpoint.TryParse(await _http.GetStringAsync($"{prefix}/checkpoint", Cancelled), out var newest, out _));
        Assert.Equal(second, newest.Checkpoint);
    }

    [Fact]
    public async Task HostilePaths_AreRefusedNotThrown()
    {
        await GrowToAsync(20);
        var (prefix, _) = await PublishedAsync();
        var fuzz = new SeededFuzz(
            () => "tile/0/000.p/20"u8.ToArray(),
            octets =>
            {
                var path = string.Concat(octets.Select(octet => $"%{octet:x2}"));
                using var answer = _http.Send(new HttpRequestMessage(HttpMethod.Get, $"{prefix}/{path}"), Cancelled);
                Assert.True((int)answer.StatusCode < 500, $"{path}: {answer.StatusCode}");
                return true;
            },
            FuzzWords.Text);
        fuzz.Mutated(3, 300);
    }

    [Fact]
    public async Task AnotherLogOrEpoch_IsNotFound()
    {
        await GrowToAsync(20);
        var (prefix, _) = await PublishedAsync();
        var (log, epoch) = (prefix.Split('/')[2], prefix.Split('/')[3]);
        foreach (var other in new[] { $"/log/{log}/2", $"/log/{log}/0{epoch}", $"/log/{log.ToUpperInvariant()}/{epoch}", $"/log/{new string('0', 32)}/{epoch}" })
        {
            if (other != prefix)
            {
                using var checkpoint = await _http.GetAsync($"{other}/checkpoint", Cancelled);
                using var tile = await _http.GetAsync($"{other}/tile/0/000.p/1", Cancelled);
                Assert.True((checkpoint.StatusCode, tile.StatusCode) == (HttpStatusCode.NotFound, HttpStatusCode.NotFound), other);
            }
        }

        using var post = await _http.PostAsync($"{prefix}/checkpoint", null, Cancelled);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task NewEpoch_IsAnotherPrefix_WithTheWholeTreeUnderIt()
    {
        await GrowToAsync(20);
        var (before, _) = await PublishedAsync();
        await _authority.Services.Audit.RecordAsync(LedgerEntryKind.EpochStarted, AuditTrail.Appliance, ImmutableSortedDictionary<string, string>.Empty, Cancelled);
        var (after, checkpoint) = await PublishedAsync();

        Assert.EndsWith("/1", before, StringComparison.Ordinal);
        Assert.Equal(before[..^1] + "2", after);
        Assert.Equal(checkpoint.Root.ToByteArray(), TiledLog.Root(await Log(after, 21).LeafHashesAsync()));
        using var old = await _http.GetAsync($"{before}/tile/0/000.p/20", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
    }

    private TiledLog Log(string prefix, long size) => new(path => _http.GetByteArrayAsync($"{prefix}/tile/{path}", Cancelled), size);

    /// <summary>Signs the head; where it is served, and what it says.</summary>
    private async Task<(string Prefix, Checkpoint Checkpoint)> PublishedAsync()
    {
        Assert.True(await _authority.Services.Checkpoints.SignAsync(Cancelled));
        var checkpoint = (await _authority.Store.LatestCheckpointAsync(Cancelled))!.Checkpoint;
        return (checkpoint.Origin["agentpki.internal".Length..], checkpoint);
    }

    private async Task GrowToAsync(long size)
    {
        for (var has = (await _authority.Store.HeadAsync(Cancelled)).Size; has < size; has++)
        {
            await _authority.Services.Audit.RecordAsync(LedgerEntryKind.ConfigurationChanged, AuditTrail.Appliance, ImmutableSortedDictionary<string, string>.Empty, Cancelled);
        }
    }

    private static MerkleHash[] Hashes(IReadOnlyList<byte[]> octets) => [.. octets.Select(hash => new MerkleHash(hash))];
}
