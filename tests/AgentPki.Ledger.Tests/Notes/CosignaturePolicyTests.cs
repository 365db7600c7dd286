using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Witnessing;
using Xunit;

namespace AgentPki.Ledger.Tests.Notes;

/// <summary>k of n witnesses, by name: neither two lines nor two keys nor two names make two witnesses of one.</summary>
public sealed class CosignaturePolicyTests : IAsyncLifetime
{
    private readonly List<(NoteKey Note, ISigningKey Key)> _witnesses = [];
    private SignedCheckpoint _head = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _head = await (await ToyLog.NewAsync(5)).SignAsync(5);
        foreach (var (name, algorithm) in ((string, KeyAlgorithm)[])[("a.test", KeyAlgorithm.Ed25519), ("a.test", KeyAlgorithm.MlDsa44), ("b.test", KeyAlgorithm.Ed25519), ("c.test", KeyAlgorithm.Ed25519)])
        {
            var key = await ToyLog.KeyAsync(algorithm, KeyPurpose.WitnessCosignature);
            _witnesses.Add((NoteKey.CreateCosigner(name, key.PublicKey), key));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task WhyNot_EnoughWitnesses_IsNull()
    {
        var note = _head.With([await LineAsync(0), await LineAsync(2)]).Note;
        Assert.Null(Policy(2).WhyNot(note, ToyLog.Providers));
        Assert.Equal(["a.test", "b.test"], Policy(2).Verify(note, ToyLog.Providers));
        Assert.Null(Policy(0).WhyNot(_head.Note, ToyLog.Providers));
        Assert.Contains("2 of 3", Policy(3).WhyNot(note, ToyLog.Providers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhyNot_OneWitnessWithTwoKeysAndDoubledLines_CountsOnce()
    {
        var line = await LineAsync(0);
        var note = _head.Note with { Signatures = [.. _head.Note.Signatures, line, line, await LineAsync(1), line] };
        Assert.Contains("1 of 2", Policy(2).WhyNot(note, ToyLog.Providers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhyNot_AForgedLineOfAKnownWitness_CondemnsTheNote()
    {
        var good = await LineAsync(0);
        var forged = good with { Signature = (byte[])[.. good.Signature.Span[..8], .. new byte[64]] };
        foreach (var signatures in (NoteSignature[][])[[forged], [good, forged], [await LineAsync(2), await LineAsync(3), forged]])
        {
            var note = _head.Note with { Signatures = [.. _head.Note.Signatures, .. signatures] };
            Assert.Null(Policy(1).Verify(note, ToyLog.Providers));
            Assert.Contains("does not verify", Policy(1).WhyNot(note, ToyLog.Providers), StringComparison.Ordinal);
        }

        // Another time than the signed one is a forgery too.
        var later = good with { Signature = (byte[])[.. good.Signature.Span[..7], (byte)(good.Signature.Span[7] ^ 1), .. good.Signature.Span[8..]] };
        Assert.Null(Policy(1).Verify(_head.With([later]).Note, ToyLog.Providers));

        // A stranger's line is nobody's.
        Assert.Equal(["a.test"], Policy(1).Verify(_head.With([good, new NoteSignature("d.test", 1, new byte[72])]).Note, ToyLog.Providers));
    }

    [Fact]
    public void Policy_ThatCannotBe_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => Policy(4));
        Assert.Throws<ArgumentException>(() => new CosignaturePolicy([_witnesses[0].Note, NoteKey.CreateCosigner("z.test", _witnesses[0].Key.PublicKey)], 1));
        Assert.Throws<ArgumentException>(() => new CosignaturePolicy([NoteKey.Create("a.test", _witnesses[0].Key.PublicKey)], 1));
    }

    private CosignaturePolicy Policy(int quorum) => new(_witnesses.Select(w => w.Note), quorum);

    private async Task<NoteSignature> LineAsync(int witness) => await _witnesses[witness].Note.SignAsync(_witnesses[witness].Key, _head.Note.Text, DateTimeOffset.UnixEpoch.AddYears(57), Cancelled);
}
