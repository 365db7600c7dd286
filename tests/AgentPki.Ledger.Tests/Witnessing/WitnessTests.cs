using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Ledger.Tests.Witnessing;

/// <summary>What a witness cosigns and what it refuses, with which reason (C2SP tlog-witness v1.0.0).</summary>
public sealed class WitnessTests : IAsyncLifetime
{
    private const string Name = "witness.test/w1";
    private readonly SettableTimeProvider _time = new(new DateTimeOffset(2027, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private ToyLog _log = null!;
    private MemoryWitnessState _state = null!;
    private Witness _witness = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _log = await ToyLog.NewAsync(300);
        _state = new MemoryWitnessState(_log.Watched);
        _witness = new Witness(Name, [await KeyAsync(KeyAlgorithm.Ed25519), await KeyAsync(KeyAlgorithm.MlDsa44)], _state, ToyLog.Providers, _time);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Head_ThatExtends_IsCosignedWithBothKeysAndRemembered()
    {
        await CosignedAsync(0, 7);
        var (head, lines) = await CosignedAsync(7, 300);

        var note = (await _log.SignAsync(300)).With(lines).Note;
        Assert.Equal(2, lines.Length);
        foreach (var key in _witness.Keys)
        {
            Assert.True(key.Verify(note, ToyLog.Providers));
            Assert.True(NoteKey.TryParse(key.ToString(), out var text) && text.Verify(note, ToyLog.Providers) is true);
        }

        // What is remembered has the log's line and its own, and is what a monitor reads.
        var last = _state.Last(_log.Origin)!;
        Assert.Equal(head, last.Checkpoint);
        Assert.True(_log.Key.Verify(last.Note, ToyLog.Providers));
        Assert.Equal(3, last.Note.Signatures.Length);
    }

    [Fact]
    public async Task Cosignatures_AreOverWhatTheSpecificationSays()
    {
        var (head, lines) = await CosignedAsync(0, 7);
        var seconds = _time.GetUtcNow().ToUnixTimeSeconds();

        // Ed25519: written down here once more, without the code that signs.
        var edwards = lines.Single(line => line.Signature.Length == 8 + 64);
        Assert.Equal(seconds, BinaryPrimitives.ReadInt64BigEndian(edwards.Signature.Span));
        var text = Encoding.ASCII.GetBytes($"cosignature/v1\ntime {seconds.ToString(CultureInfo.InvariantCulture)}\n{_log.Origin}\n7\n{head.Root.ToBase64()}\n");
        Assert.True(ToyLog.Providers.Verify(KeyOf(NoteSignatureType.Ed25519Cosignature), SignatureAlgorithm.Ed25519, text, edwards.Signature.Span[8..]));

        // ML-DSA-44: a structure in the encoding of RFC 8446 §3.
        var lattice = lines.Single(line => line.Signature.Length == 8 + 2420);
        using var message = new MemoryStream();
        message.Write("subtree/v1\n\0"u8);
        WriteShort(message, Name);
        message.Write(Number(seconds));
        WriteShort(message, _log.Origin);
        message.Write(Number(0));
        message.Write(Number(7));
        message.Write(head.Root.ToByteArray());
        Assert.True(ToyLog.Providers.Verify(KeyOf(NoteSignatureType.MlDsa44), KeyAlgorithm.MlDsa44.DefaultSignature, message.ToArray(), lattice.Signature.Span[8..]));

        static void WriteShort(MemoryStream stream, string text)
        {
            stream.WriteByte((byte)text.Length);
            stream.Write(Encoding.ASCII.GetBytes(text));
        }

        static byte[] Number(long value)
        {
            var octets = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(octets, value);
            return octets;
        }
    }

    [Fact]
    public async Task Head_OfAnUnknownLog_IsRefused()
    {
        var stranger = await ToyLog.NewAsync(5);
        Assert.IsType<WitnessVerdict.UnknownLog>(await RefusedAsync(await stranger.RequestAsync(0, 5)));
    }

    [Fact]
    public async Task Head_NotSignedByTheLog_IsRefused()
    {
        var impostor = await ToyLog.NewAsync(5, _log.Origin);
        Assert.IsType<WitnessVerdict.NotSigned>(await RefusedAsync(await impostor.RequestAsync(0, 5)));

        // One line is good, another claims to be and is not: the note is malformed.
        var request = await _log.RequestAsync(0, 5);
        var good = request.Checkpoint.Note.Signatures[0];
        var bad = good with { Signature = (byte[])[.. good.Signature.Span[..^1], (byte)(good.Signature.Span[^1] ^ 1)] };
        var both = request.Checkpoint with { Note = request.Checkpoint.Note with { Signatures = [good, bad] } };
        Assert.IsType<WitnessVerdict.NotSigned>(await RefusedAsync(request with { Checkpoint = both }));

        // Lines of others are nobody's business.
        var foreign = request.Checkpoint.With([new NoteSignature("other.test", 7, new byte[64])]);
        Assert.IsType<WitnessAnswer.Cosigned>(await _witness.AddAsync(request with { Checkpoint = foreign }, Cancelled));
    }

    [Fact]
    public async Task Head_ThatWasRolledBack_IsRefusedWithTheSizeThatWasSeen()
    {
        await CosignedAsync(0, 200);

        // A ledger that was set back to 100 entries, and one that has grown again from there: both are behind what was seen.
        Assert.Equal(new WitnessVerdict.Behind(200, Fork: false), await RefusedAsync(await _log.RequestAsync(0, 100)));
        Assert.Equal(new WitnessVerdict.Behind(200, Fork: false), await RefusedAsync(await _log.RequestAsync(100, 150)));
        Assert.Equal(new WitnessVerdict.Behind(200, Fork: false), await RefusedAsync(await _log.Fork(100).RequestAsync(100, 250)));
        Assert.Equal(200, _state.Last(_log.Origin)!.Checkpoint.Size);
    }

    [Fact]
    public async Task Head_OfAFork_IsRefusedAndKept()
    {
        await CosignedAsync(0, 200);
        var forked = _log.Fork(150);

        // Of the same size: two heads that no honest log signs. Whatever old size the sender claims.
        Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(new WitnessRequest(200, [], await forked.SignAsync(200))));
        Assert.Equal(new WitnessVerdict.Behind(200, Fork: true), await RefusedAsync(await forked.RequestAsync(100, 200)));
        Assert.Equal([true, true], _state.Kept.Select(kept => kept.Proven));

        // Larger: no proof can lead there, the fork's own does not.
        var larger = Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(await forked.RequestAsync(200, 300)));
        Assert.Contains("200", larger.Reason, StringComparison.Ordinal);
        Assert.False(_state.Kept[^1].Proven); // the sender may have sent a wrong proof
        Assert.Equal((200, _log.Head(200)), ((int)_state.Last(_log.Origin)!.Checkpoint.Size, _state.Last(_log.Origin)!.Checkpoint));
    }

    [Fact]
    public async Task Proof_ThatIsWrongOrTooMuch_IsRefused()
    {
        var first = await _log.RequestAsync(0, 7);
        Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(first with { Proof = [first.Checkpoint.Checkpoint.Root] }));
        await CosignedAsync(0, 7);
        var second = await _log.RequestAsync(7, 300);
        Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(second with { Proof = second.Proof.RemoveAt(0) }));
        Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(second with { Proof = second.Proof.Add(MerkleTree.EmptyRoot) }));
        Assert.IsType<WitnessVerdict.Malformed>(await RefusedAsync(second with { OldSize = 301 }));
        Assert.IsType<WitnessAnswer.Cosigned>(await _witness.AddAsync(second, Cancelled));
    }

    [Fact]
    public async Task Head_OfSizeZero_MustHaveTheEmptyRoot()
    {
        Assert.IsType<WitnessVerdict.Inconsistent>(await RefusedAsync(new WitnessRequest(0, [], await _log.SignAsync(new Checkpoint(_log.Origin, 0, _log.Head(1).Root)))));
        await CosignedAsync(0, 0);
        await CosignedAsync(0, 7);
    }

    [Fact]
    public async Task Head_ThatIsTheLastOne_IsCosignedAgain()
    {
        await CosignedAsync(0, 7);
        _time.Advance(TimeSpan.FromMinutes(1));
        await CosignedAsync(7, 7);
    }

    [Fact]
    public async Task State_ThatCannotBeWritten_NothingIsSaid()
    {
        await CosignedAsync(0, 7);
        _state.Failure = new IOException("No space left on device");

        var answer = Assert.IsType<WitnessAnswer.Unavailable>(await _witness.AddAsync(await _log.RequestAsync(7, 9), Cancelled));

        Assert.Contains("No space left", answer.Reason, StringComparison.Ordinal);
        Assert.Equal(7, _state.Last(_log.Origin)!.Checkpoint.Size);
        _state.Failure = null;
        await CosignedAsync(7, 9);
    }

    [Fact]
    public async Task Clock_ThatGoesBack_NeverGivesALaterHeadAnEarlierTime()
    {
        await CosignedAsync(0, 7);
        var before = _time.GetUtcNow();

        // A step of a time service: the time stands still.
        _time.Turn(TimeSpan.FromSeconds(-5));
        var (_, lines) = await CosignedAsync(7, 8);
        Assert.All(lines, line => Assert.Equal(before.ToUnixTimeSeconds(), BinaryPrimitives.ReadInt64BigEndian(line.Signature.Span)));

        // A clock that is wrong: nothing is signed until it is right.
        _time.Turn(TimeSpan.FromHours(-1));
        var refused = Assert.IsType<WitnessAnswer.Unavailable>(await _witness.AddAsync(await _log.RequestAsync(8, 9), Cancelled));
        Assert.Contains("clock", refused.Reason, StringComparison.Ordinal);
        _time.Turn(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(6));
        await CosignedAsync(8, 9);
    }

    [Fact]
    public async Task ManyAtOnce_OneRootForEachSize()
    {
        await CosignedAsync(0, 10);
        var forked = _log.Fork(10);
        var requests = new List<WitnessRequest>();
        foreach (var log in (ToyLog[])[_log, forked])
        {
            for (var size = 11; size < 31; size++)
            {
                requests.Add(await log.RequestAsync(10, size));
            }
        }

        var answers = await Task.WhenAll(requests.Select(request => Task.Run(async () => await _witness.AddAsync(request, Cancelled))));

        // All began at 10: whichever came first won, and everybody else is behind or another.
        var cosigned = Assert.Single(answers.OfType<WitnessAnswer.Cosigned>());
        Assert.Equal(cosigned.Head, _state.Last(_log.Origin)!.Checkpoint);
    }

    [Fact]
    public async Task Key_OfAnotherPurpose_IsNoWitnesss()
    {
        var key = await ToyLog.KeyAsync(KeyAlgorithm.Ed25519, KeyPurpose.LedgerCheckpoint);
        Assert.Throws<ArgumentException>(() => new Witness(Name, [key], _state, ToyLog.Providers, _time));
    }

    private async Task<(Checkpoint Head, ImmutableArray<NoteSignature> Lines)> CosignedAsync(int old, int size)
    {
        var answer = Assert.IsType<WitnessAnswer.Cosigned>(await _witness.AddAsync(await _log.RequestAsync(old, size), Cancelled));
        return (answer.Head, answer.Lines);
    }

    private async Task<WitnessVerdict> RefusedAsync(WitnessRequest request) => Assert.IsType<WitnessAnswer.Refused>(await _witness.AddAsync(request, Cancelled)).Verdict;

    private PublicKey KeyOf(NoteSignatureType type) => _witness.Keys.Single(key => key.Type == type).PublicKey;

    private static Task<ISigningKey> KeyAsync(KeyAlgorithm algorithm) => ToyLog.KeyAsync(algorithm, KeyPurpose.WitnessCosignature);
}
