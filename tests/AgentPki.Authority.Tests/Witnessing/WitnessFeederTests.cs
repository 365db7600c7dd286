using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Witnessing;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Authority.Tests.Witnessing;

/// <summary>The ledger's heads before witnesses: cosigned, refused, unanswered; and the log's own second signature.</summary>
public sealed class WitnessFeederTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FeedAsync_AWitness_CosignsEveryHeadAndIsAskedOnceForEach()
    {
        await using var scene = await Scene.StartAsync();
        await scene.GrowAsync(3);
        await scene.FeedAsync();
        await scene.GrowAsync(300);
        await scene.FeedAsync();
        await scene.FeedAsync();

        var latest = (await scene.Authority.Store.LatestCheckpointAsync(Cancelled))!;
        Assert.True(scene.Witness.Keys[0].Verify(latest.Note, ToyLog.Providers));
        Assert.Equal(2, scene.Witness.Asked.Count);
        Assert.Equal(latest.ToString(), (await scene.Authority.Store.LatestCosignedAsync(1, Cancelled))?.ToString());
        Assert.Null(await scene.Authority.Store.LatestCosignedAsync(2, Cancelled));
        Assert.Equal(new WitnessStatus("witness.test/w1", latest.Checkpoint.Size, scene.Authority.Time.GetUtcNow(), null, false), Assert.Single(scene.Authority.Services.Witnesses.Status));
    }

    [Fact]
    public async Task FeedAsync_AfterARestart_GoesOnFromWhereTheWitnessIs()
    {
        await using var scene = await Scene.StartAsync();
        await scene.GrowAsync(3);
        await scene.FeedAsync();
        await scene.Authority.RestartAsync();
        await scene.GrowAsync(3);
        await scene.FeedAsync();
        Assert.Null(Assert.Single(scene.Authority.Services.Witnesses.Status).Problem);
        Assert.Equal([0, 0, scene.Witness.Asked[0].Checkpoint.Checkpoint.Size], scene.Witness.Asked.Select(asked => asked.OldSize));
    }

    [Fact]
    public async Task FeedAsync_ASilentWitness_HoldsUpNothing()
    {
        await using var scene = await Scene.StartAsync();
        scene.Witness.Instead = new WitnessReply.Silent("it does not answer");
        await scene.GrowAsync(3);
        await scene.FeedAsync();

        var status = Assert.Single(scene.Authority.Services.Witnesses.Status);
        Assert.Equal(("it does not answer", false), (status.Problem, status.IsContradiction));
        Assert.Null(await scene.Authority.Services.WhyNotReadyAsync(Cancelled));
        scene.Witness.Instead = null;
        await scene.FeedAsync();
        Assert.Null(Assert.Single(scene.Authority.Services.Witnesses.Status).Problem);
    }

    [Fact]
    public async Task FeedAsync_ASlowWitness_HoldsUpNeitherTheOthersNorCommits()
    {
        var slow = await ScriptedWitness.NewAsync("witness.test/slow", null);
        await using var scene = await Scene.StartAsync(slow);
        slow.Delay = new TaskCompletionSource();
        await scene.GrowAsync(3);
        var round = scene.Authority.Services.Witnesses.FeedAsync(Cancelled);

        // The other's line is there, and the ledger goes on, while the slow one is waited for.
        while (await scene.Authority.Store.LatestCosignedAsync(1, Cancelled) is null)
        {
            await Task.Delay(5, Cancelled);
        }

        await scene.GrowAsync(1);
        Assert.False(round.IsCompleted);
        scene.Authority.Time.Advance(WitnessFeeder.Deadline);
        await round;
        Assert.Contains("10 seconds", scene.Authority.Services.Witnesses.Status[1].Problem, StringComparison.Ordinal);
        slow.Delay.SetResult();
    }

    [Fact]
    public async Task FeedAsync_ALedgerThatWasSetBack_IsACriticalContradiction()
    {
        await using var scene = await Scene.StartAsync();
        await scene.GrowAsync(3);

        // What the witness has seen of this log is longer than this log.
        scene.Witness.Instead = new WitnessReply.Behind(1000);
        await scene.FeedAsync();

        var reason = await scene.Authority.Services.WhyNotReadyAsync(Cancelled);
        Assert.Contains("set back", reason, StringComparison.Ordinal);
        Assert.Contains("1000", reason, StringComparison.Ordinal);

        // Silence takes nothing back; a cosignature does.
        scene.Witness.Instead = new WitnessReply.Silent("gone");
        await scene.FeedAsync();
        Assert.Contains("set back", await scene.Authority.Services.WhyNotReadyAsync(Cancelled), StringComparison.Ordinal);
        scene.Witness.Instead = null;
        await scene.FeedAsync();
        Assert.Null(await scene.Authority.Services.WhyNotReadyAsync(Cancelled));
    }

    [Fact]
    public async Task FeedAsync_AForkedLedger_IsACriticalContradiction()
    {
        await using var scene = await Scene.StartAsync();
        await scene.GrowAsync(3);
        scene.Witness.Instead = new WitnessReply.Inconsistent("it does not accept the head: the log was forked");
        await scene.FeedAsync();
        Assert.Contains("forked", await scene.Authority.Services.WhyNotReadyAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FeedAsync_ForgedForeignAndDoubledLines_AreNotKept()
    {
        await using var scene = await Scene.StartAsync();
        await scene.GrowAsync(3);
        var key = scene.Witness.Keys[0];
        var other = await ScriptedWitness.NewAsync("witness.test/other", null);

        // Its name and id, somebody's octets.
        scene.Witness.Instead = new WitnessReply.Cosigned([new NoteSignature(key.Name, key.Id, new byte[72])]);
        await scene.FeedAsync();
        Assert.Contains("does not verify", Assert.Single(scene.Authority.Services.Witnesses.Status).Problem, StringComparison.Ordinal);

        // A line of another witness, good as it may be.
        var note = (await scene.Authority.Store.LatestCheckpointAsync(Cancelled))!;
        var foreign = await other.CosignAsync(note);
        scene.Witness.Instead = new WitnessReply.Cosigned([foreign]);
        await scene.FeedAsync();
        Assert.Contains("no line of its key", Assert.Single(scene.Authority.Services.Witnesses.Status).Problem, StringComparison.Ordinal);
        Assert.Null(await scene.Authority.Store.LatestCosignedAsync(1, Cancelled));

        // Its own line many times, and others between them: one line is kept, and it counts once.
        var own = await scene.Witness.CosignAsync(note);
        scene.Witness.Instead = new WitnessReply.Cosigned([own, foreign, own, own]);
        await scene.FeedAsync();
        Assert.Equal(1, (await scene.Authority.Store.LatestCheckpointAsync(Cancelled))!.Note.Signatures.Count(line => line.KeyName != note.Checkpoint.Origin));
        Assert.Null(await scene.Authority.Store.LatestCosignedAsync(2, Cancelled));
    }

    [Fact]
    public async Task FeedAsync_WithAPostQuantumKey_AddsTheLogsSecondSignature()
    {
        var keeper = new HookedProvider(new BouncyCastleProvider());
        var second = (await keeper.GenerateAsync(new KeySpec("t-ledger-ml-dsa-44", KeyAlgorithm.MlDsa44, KeyPurpose.LedgerCheckpoint), Cancelled)).PublicKey;
        await using var authority = await TestAuthority.StartAsync(surroundings: environment => environment with
        {
            Providers = new CryptoProviders([.. environment.Providers.All.Select(p => p.Name == keeper.Name ? keeper : p)]), SecondCheckpointLabel = "t-ledger-ml-dsa-44",
        });
        await Scene.GrowAsync(authority, 3);

        // While it is away the checkpoint has the first signature alone.
        keeper.IsGone = true;
        await authority.Services.Witnesses.FeedAsync(Cancelled);
        Assert.Single((await authority.Store.LatestCheckpointAsync(Cancelled))!.Note.Signatures);
        keeper.IsGone = false;
        await authority.Services.Witnesses.FeedAsync(Cancelled);
        await authority.Services.Witnesses.FeedAsync(Cancelled);

        var note = (await authority.Store.LatestCheckpointAsync(Cancelled))!;
        Assert.Equal(2, note.Note.Signatures.Length);
        Assert.True(NoteKey.Create(note.Checkpoint.Origin, second).Verify(note.Note, ToyLog.Providers));
        Assert.True(NoteKey.Create(note.Checkpoint.Origin, authority.Ceremony.CheckpointKey).Verify(note.Note, ToyLog.Providers));
        Assert.Null(await authority.Store.LatestCosignedAsync(1, Cancelled)); // the log is not its own witness
    }

    private sealed class Scene(TestAuthority authority, ScriptedWitness witness) : IAsyncDisposable
    {
        public TestAuthority Authority => authority;

        public ScriptedWitness Witness => witness;

        public static async Task<Scene> StartAsync(params ScriptedWitness[] more)
        {
            var witness = await ScriptedWitness.NewAsync("witness.test/w1", null);
            var authority = await TestAuthority.StartAsync(surroundings: environment => environment with { Witnesses = [witness, .. more] });
            var origin = Checkpoint.Of(await authority.Store.HeadAsync(Cancelled)).Origin;
            foreach (var each in more.Prepend(witness))
            {
                each.Watch(new WitnessedLog(origin, [NoteKey.Create(origin, authority.Ceremony.CheckpointKey)]), authority.Time);
            }

            return new Scene(authority, witness);
        }

        public static async Task GrowAsync(TestAuthority authority, int by)
        {
            for (var i = 0; i < by; i++)
            {
                await authority.Services.Audit.RecordAsync(LedgerEntryKind.ConfigurationChanged, AuditTrail.Appliance, ImmutableSortedDictionary<string, string>.Empty, Cancelled);
            }

            Assert.True(await authority.Services.Checkpoints.SignAsync(Cancelled));
        }

        public Task GrowAsync(int by) => GrowAsync(authority, by);

        public Task FeedAsync() => authority.Services.Witnesses.FeedAsync(Cancelled);

        public ValueTask DisposeAsync() => authority.DisposeAsync();
    }

    /// <summary>A witness with true rules that can be told to answer otherwise.</summary>
    private sealed class ScriptedWitness(string name, ISigningKey key) : IWitness
    {
        private Witness? _witness;

        public string Name => name;

        public IReadOnlyList<NoteKey> Keys { get; } = [NoteKey.CreateCosigner(name, key.PublicKey)];

        public List<WitnessRequest> Asked { get; } = [];

        public WitnessReply? Instead { get; set; }

        public TaskCompletionSource? Delay { get; set; }

        public static async Task<ScriptedWitness> NewAsync(string name, WitnessReply? instead) =>
            new(name, await ToyLog.KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.WitnessCosignature)) { Instead = instead };

        public void Watch(WitnessedLog log, TimeProvider time) => _witness = new Witness(name, [key], new MemoryWitnessState(log), ToyLog.Providers, time);

        public ValueTask<NoteSignature> CosignAsync(SignedCheckpoint checkpoint) => Keys[0].SignAsync(key, checkpoint.Note.Text, DateTimeOffset.UnixEpoch, Cancelled);

        public async ValueTask<WitnessReply> AddAsync(WitnessRequest request, CancellationToken cancellationToken)
        {
            Asked.Add(request);
            if (Delay is { } delay)
            {
                await delay.Task.WaitAsync(cancellationToken);
            }

            return Instead ?? await _witness!.AddAsync(request, cancellationToken) switch
            {
                WitnessAnswer.Cosigned(_, var lines) => new WitnessReply.Cosigned(lines),
                WitnessAnswer.Refused(WitnessVerdict.Behind(var size, _), _) => new WitnessReply.Behind(size),
                WitnessAnswer.Refused(WitnessVerdict.Inconsistent(var reason, _), _) => new WitnessReply.Inconsistent(reason),
                var other => new WitnessReply.Refused(other.ToString()),
            };
        }
    }
}
