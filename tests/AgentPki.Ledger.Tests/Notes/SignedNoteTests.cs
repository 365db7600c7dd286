using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using CsCheck;
using Xunit;

namespace AgentPki.Ledger.Tests.Notes;

public sealed class SignedNoteTests
{
    private static readonly CryptoProviders Providers = new(new PlatformProvider(), new BouncyCastleProvider());

    // The key and note of the documentation of Go's golang.org/x/mod/sumdb/note.
    private const string GoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string GoNote = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        + "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    private static LedgerHead Head => new(LogId.Generate(), 1, 42, MerkleTree.HashLeaf("x"u8));

    [Fact]
    public void Note_OfGo_VerifiesWithItsKey()
    {
        Assert.True(NoteKey.TryParse(GoKey, out var key));
        Assert.True(SignedNote.TryParse(GoNote, out var note, out var error), error);

        Assert.True(key.Verify(note, Providers));
        Assert.Equal(GoKey, key.ToString());
        Assert.Equal(GoNote, note.ToString());
    }

    [Fact]
    public void Note_OfGo_TextOrSignatureChanged_DoesNotVerify()
    {
        Assert.True(NoteKey.TryParse(GoKey, out var key));
        Assert.True(SignedNote.TryParse(GoNote.Replace("answer", "Answer", StringComparison.Ordinal), out var note, out _));
        Assert.False(key.Verify(note, Providers));

        Assert.True(SignedNote.TryParse(GoNote.Replace("RyyBwJnAM=", "RyyBwJnAQ=", StringComparison.Ordinal).Replace("x08go/ZJ", "x08go/ZK", StringComparison.Ordinal), out note, out _) && key.Verify(note, Providers) is false);

        Assert.True(SignedNote.TryParse(GoNote.Replace("PeterNeumann", "PaulNeumann", StringComparison.Ordinal), out note, out _));
        Assert.Null(key.Verify(note, Providers));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n\u2014 name AAAAAAA=")]
    [InlineData("text\n\n- name AAAAAAA=\n")]
    [InlineData("text\n\n\u2014 name AAAA\n")]
    [InlineData("text\n\n\u2014 na+me AAAAAAA=\n")]
    [InlineData("text\n\n\u2014 name  AAAAAAA=\n")]
    [InlineData("text\n\n\u2014 name AAAAAA\n")]
    [InlineData("text\n\n\u2014 name AAAAAAB=\n")]
    [InlineData("te\txt\n\n\u2014 name AAAAAAA=\n")]
    [InlineData("text\r\n\n\u2014 name AAAAAAA=\n")]
    public void Note_Malformed_IsRefusedWithAReason(string text)
    {
        Assert.False(SignedNote.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+AhRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("")]
    public void NoteKey_Damaged_IsRefused(string text) => Assert.False(NoteKey.TryParse(text, out _));

    [Fact]
    public void Note_Noise_IsRefusedNotThrown() => Gen.String.Sample(text =>
    {
        if (SignedNote.TryParse(text, out var note, out _))
        {
            Assert.Equal(text, note.ToString());
        }
    });

    [Theory]
    [InlineData("ed25519", 0x01)]
    [InlineData("ecdsa-p256", 0x02)]
    [InlineData("ecdsa-p384", 0x02)]
    public async Task Checkpoint_Signed_VerifiesAndReadsBack(string algorithm, byte type)
    {
        await using var key = await GenerateAsync(algorithm);
        var head = Head;
        var signer = new CheckpointSigner(key);

        var signed = await signer.SignAsync(head, TestContext.Current.CancellationToken);

        Assert.True(SignedCheckpoint.TryParse(signed.ToString(), out var parsed, out var error), error);
        Assert.Equal(Checkpoint.Of(head), parsed.Checkpoint);
        Assert.True(signer.KeyFor(head).Verify(parsed.Note, Providers));
        Assert.True(NoteKey.TryParse(signer.KeyFor(head).ToString(), out var text));
        Assert.True(text.Verify(parsed.Note, Providers));
        Assert.Equal(type, Convert.FromBase64String(text.ToString().Split('+', 3)[2])[0]);
        Assert.False(SignedCheckpoint.TryParse(signed.ToString().Replace("\n42\n", "\n43\n", StringComparison.Ordinal), out var forged, out _) && signer.KeyFor(head).Verify(forged.Note, Providers) is not false);
    }

    [Fact]
    public async Task CheckpointSigner_KeyOfAnotherPurposeOrKind_Throws()
    {
        await using var purpose = await Providers.All[0].GenerateAsync(new KeySpec("tls", KeyAlgorithm.EcdsaP256, KeyPurpose.TlsServer), TestContext.Current.CancellationToken);
        await using var kind = await Providers.All[0].GenerateAsync(new KeySpec("rsa", KeyAlgorithm.Rsa2048, KeyPurpose.LedgerCheckpoint), TestContext.Current.CancellationToken);

        Assert.Throws<ArgumentException>(() => new CheckpointSigner(purpose));
        Assert.Throws<ArgumentException>(() => new CheckpointSigner(kind));
    }

    [Theory]
    [InlineData("origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", true)]
    [InlineData("origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n", true)]
    [InlineData("origin\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", false)]
    [InlineData("origin\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", false)]
    [InlineData("origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", false)]
    [InlineData("origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n", false)]
    [InlineData("\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", false)]
    [InlineData("origin\n1\n", false)]
    [InlineData("origin\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", false)]
    public void Checkpoint_Text_IsReadStrictly(string text, bool valid) => Assert.Equal(valid, Checkpoint.TryParse(text, out _));

    [Fact]
    public async Task CheckpointFile_Split_FindsWholeNotesOnly()
    {
        await using var key = await GenerateAsync("ecdsa-p256");
        var notes = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            notes.Add((await new CheckpointSigner(key).SignAsync(Head, TestContext.Current.CancellationToken)).ToString());
        }

        var content = string.Concat(notes.Select(note => note + "\n"));
        Assert.Equal(notes, CheckpointFile.Split(content));
        Assert.Equal(notes[..2], CheckpointFile.Split(content[..^1]));
        Assert.Equal(notes[..2], CheckpointFile.Split(content[..^40]));
        Assert.Empty(CheckpointFile.Split(""));
    }

    private static ValueTask<ISigningKey> GenerateAsync(string algorithm)
    {
        var kind = KeyAlgorithm.Find(algorithm) ?? throw new ArgumentException(algorithm);
        var provider = Providers.For(kind, KeyCapabilities.Generate) ?? throw new ArgumentException(algorithm);
        return provider.GenerateAsync(new KeySpec($"checkpoint-{Guid.NewGuid():n}", kind, KeyPurpose.LedgerCheckpoint), TestContext.Current.CancellationToken);
    }
}
