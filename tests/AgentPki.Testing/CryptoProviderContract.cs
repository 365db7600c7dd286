using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using Org.BouncyCastle.Security;
using Xunit;

namespace AgentPki.Testing;

/// <summary>What every <see cref="ICryptoProvider"/> must do, whatever it is made of. One derived class per provider.</summary>
public abstract class CryptoProviderContract
{
    private static readonly CryptoProviders Verifiers = new(new PlatformProvider(), new BouncyCastleProvider(), new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider()));
    private static int _labels;

    protected abstract ICryptoProvider Provider { get; }

    /// <summary>Algorithms this provider must have; one that it loses is a failure, not a skip.</summary>
    protected abstract IReadOnlyList<KeyAlgorithm> MustHave { get; }

    /// <summary>A second provider over the same keys, as after a restart; null where keys live only as long as the provider.</summary>
    protected virtual Task<ICryptoProvider?> ReopenAsync() => Task.FromResult<ICryptoProvider?>(null);

    /// <summary>How many signatures the test of concurrency asks for: fewer where one takes long.</summary>
    protected virtual int ManyAtOnce => 400;

    private static string Label() => $"contract-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}";

    private static byte[] Message => "the message"u8.ToArray();

    [Fact]
    public void CapabilitiesFor_AlgorithmsItMustHave_GenerateAndSign()
    {
        foreach (var algorithm in MustHave)
        {
            Assert.True((Provider.CapabilitiesFor(algorithm) & (KeyCapabilities.Generate | KeyCapabilities.Sign)) == (KeyCapabilities.Generate | KeyCapabilities.Sign), algorithm.Name);
        }
    }

    [Fact]
    public async Task SignAsync_EveryFittingAlgorithm_VerifiesByUsAndByBouncyCastle()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateAsync(new(Label(), algorithm, KeyPurpose.CertificateAuthority), default);
            Assert.Equal(algorithm, key.Algorithm);
            Assert.Equal(Provider.Protection, key.Protection);
            foreach (var signature in SignatureAlgorithm.All.Where(s => s.Fits(algorithm)))
            {
                var made = await key.SignAsync(signature, Message, default);
                Assert.True(Verifiers.Verify(key.PublicKey, signature, Message, made), $"{algorithm} {signature}");
                Assert.True(ForeignVerify(key.PublicKey, signature, Message, made), $"{algorithm} {signature} by BouncyCastle");
            }
        }
    }

    [Fact]
    public async Task SignAsync_AnySignatureChanged_IsRefused()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateAsync(new(Label(), algorithm, KeyPurpose.CertificateAuthority), default);
            await using var other = await Provider.GenerateAsync(new(Label(), algorithm, KeyPurpose.CertificateAuthority), default);
            var with = algorithm.DefaultSignature;
            var good = await key.SignAsync(with, Message, default);
            Assert.False(Verifiers.Verify(other.PublicKey, with, Message, good));
            Assert.False(Verifiers.Verify(key.PublicKey, with, "another message"u8, good));
            Assert.False(Verifiers.Verify(key.PublicKey, with, Message, good.AsSpan(..^1)));
            Assert.False(Verifiers.Verify(key.PublicKey, with, Message, [.. good, 0]));
            Assert.False(Verifiers.Verify(key.PublicKey, with, Message, []));
            foreach (var i in Positions(good.Length))
            {
                var bad = (byte[])good.Clone();
                bad[i] ^= 0x40;
                Assert.False(Verifiers.Verify(key.PublicKey, with, Message, bad), $"{algorithm}, octet {i}");
            }
        }
    }

    [Fact]
    public async Task SignAsync_AlgorithmOfAnotherFamily_Throws()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateAsync(new(Label(), algorithm, KeyPurpose.CertificateAuthority), default);
            var wrong = SignatureAlgorithm.All.First(s => !s.Fits(algorithm));
            await Assert.ThrowsAsync<ArgumentException>(async () => await key.SignAsync(wrong, Message, default));
        }
    }

    [Fact]
    public async Task SignAsync_CancelledBefore_ThrowsAndKeyGoesOn()
    {
        await using var key = await Provider.GenerateAsync(new(Label(), MustHave[0], KeyPurpose.CertificateAuthority), default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await key.SignAsync(MustHave[0].DefaultSignature, Message, new CancellationToken(true)));
        Assert.NotEmpty(await key.SignAsync(MustHave[0].DefaultSignature, Message, default));
    }

    [Fact]
    public async Task SignAsync_ManyAtOnce_AllVerify()
    {
        await using var key = await Provider.GenerateAsync(new(Label(), MustHave[0], KeyPurpose.CertificateAuthority), default);
        var with = MustHave[0].DefaultSignature;
        var results = await Task.WhenAll(Enumerable.Range(0, ManyAtOnce).Select(i => Task.Run(async () =>
        {
            var message = BitConverter.GetBytes(i);
            var signature = await key.SignAsync(with, message, default);
            return Verifiers.Verify(key.PublicKey, with, message, signature);
        })));
        Assert.All(results, Assert.True);
    }

    [Fact]
    public async Task GenerateAsync_LabelThatExists_ThrowsAndKeepsTheKey()
    {
        var spec = new KeySpec(Label(), MustHave[0], KeyPurpose.CertificateAuthority);
        await using var key = await Provider.GenerateAsync(spec, default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Provider.GenerateAsync(spec, default));
        await using var again = await Provider.OpenAsync(spec.Label, default);
        Assert.Equal(key.PublicKey, again?.PublicKey);
    }

    [Fact]
    public async Task OpenAsync_KeyThatIsThere_HasPurposeAndSigns()
    {
        foreach (var algorithm in MustHave)
        {
            var label = Label();
            await using var made = await Provider.GenerateAsync(new(label, algorithm, KeyPurpose.LedgerCheckpoint), default);
            var provider = await ReopenAsync() ?? Provider;
            await using var opened = await provider.OpenAsync(label, default);
            Assert.NotNull(opened);
            Assert.Equal((made.PublicKey, KeyPurpose.LedgerCheckpoint), (opened.PublicKey, opened.Purpose));
            var signature = await opened.SignAsync(algorithm.DefaultSignature, Message, default);
            Assert.True(Verifiers.Verify(made.PublicKey, algorithm.DefaultSignature, Message, signature));
        }
    }

    [Fact]
    public async Task OpenAsync_UnknownLabel_IsNull() => Assert.Null(await Provider.OpenAsync("nobody-made-this", default));

    /// <summary>Every octet of a short signature; of a post-quantum one both ends and a sample between them.</summary>
    private static IEnumerable<int> Positions(int length) =>
        length <= 512 ? Enumerable.Range(0, length) : Enumerable.Range(0, 8).Concat(Enumerable.Range(1, 16).Select(i => i * length / 17)).Concat(Enumerable.Range(length - 8, 8));

    private static bool ForeignVerify(PublicKey key, SignatureAlgorithm algorithm, byte[] message, byte[] signature)
    {
        if (algorithm.Family == AlgorithmFamily.Composite)
        {
            return ForeignComposite.Verify(key, message, signature);
        }

        var name = algorithm.Family switch
        {
            AlgorithmFamily.Ecdsa => $"{algorithm.Hash.ToString().Replace("Sha", "SHA-", StringComparison.Ordinal)}withECDSA",
            AlgorithmFamily.Rsa => $"{algorithm.Hash.ToString().Replace("Sha", "SHA-", StringComparison.Ordinal)}with{(algorithm.IsPss ? "RSAandMGF1" : "RSA")}",
            AlgorithmFamily.EdDsa => "Ed25519",
            AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => algorithm.Name.ToUpperInvariant(),
        };
        var verifier = SignerUtilities.GetSigner(name);
        verifier.Init(false, PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray()));
        verifier.BlockUpdate(message, 0, message.Length);
        return verifier.VerifySignature(signature);
    }
}
