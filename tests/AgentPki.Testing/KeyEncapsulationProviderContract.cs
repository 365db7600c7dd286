using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Xunit;

namespace AgentPki.Testing;

/// <summary>What every <see cref="IKeyEncapsulationProvider"/> must do with ML-KEM, whatever it is made of. One derived class per provider.</summary>
public abstract class KeyEncapsulationProviderContract
{
    private static int _labels;

    protected abstract IKeyEncapsulationProvider Provider { get; }

    /// <summary>Algorithms this provider must have; one that it loses is a failure, not a skip.</summary>
    protected abstract IReadOnlyList<KeyAlgorithm> MustHave { get; }

    /// <summary>A second provider over the same keys, as after a restart; null where keys live only as long as the provider.</summary>
    protected virtual Task<IKeyEncapsulationProvider?> ReopenAsync() => Task.FromResult<IKeyEncapsulationProvider?>(null);

    private static KeySpec Spec(KeyAlgorithm algorithm) => new($"kem-contract-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}", algorithm, KeyPurpose.KeyEstablishment);

    [Fact]
    public void CapabilitiesFor_AlgorithmsItMustHave_GenerateEncapsulateAndDecapsulateAndNoSignature()
    {
        foreach (var algorithm in MustHave)
        {
            Assert.Equal(KeyCapabilities.Generate | KeyCapabilities.Encapsulate | KeyCapabilities.Decapsulate, Provider.CapabilitiesFor(algorithm));
        }
    }

    [Fact]
    public async Task DecapsulateAsync_EncapsulatedByUsAndByBouncyCastle_GivesTheSameSecret()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateDecapsulationKeyAsync(Spec(algorithm), default);
            Assert.Equal((algorithm, Provider.Protection, algorithm), (key.Algorithm, key.Protection, key.PublicKey.Algorithm));
            foreach (var made in new[] { await Provider.EncapsulateAsync(key.PublicKey, default), await new BouncyCastleProvider().EncapsulateAsync(key.PublicKey, default), ForeignEncapsulate(key.PublicKey) })
            {
                Assert.Equal((algorithm.CiphertextSize, 32), (made.Ciphertext.Length, made.SharedSecret.Length));
                Assert.Equal(made.SharedSecret, await key.DecapsulateAsync(made.Ciphertext, default));
            }
        }
    }

    [Fact]
    public async Task EncapsulateAsync_ToAnothersKey_IsOpenedByBouncyCastle()
    {
        var foreign = new BouncyCastleProvider();
        foreach (var algorithm in MustHave)
        {
            await using var key = await foreign.GenerateDecapsulationKeyAsync(Spec(algorithm), default);
            var (first, second) = (await Provider.EncapsulateAsync(key.PublicKey, default), await Provider.EncapsulateAsync(key.PublicKey, default));
            Assert.Equal(first.SharedSecret, await key.DecapsulateAsync(first.Ciphertext, default));
            Assert.NotEqual(first.SharedSecret, second.SharedSecret);
            Assert.NotEqual(first.Ciphertext, second.Ciphertext);
        }
    }

    [Fact]
    public async Task DecapsulateAsync_WrongLength_Throws()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateDecapsulationKeyAsync(Spec(algorithm), default);
            var made = await Provider.EncapsulateAsync(key.PublicKey, default);
            foreach (var wrong in new byte[][] { [], made.Ciphertext[..^1], [.. made.Ciphertext, 0] })
            {
                await Assert.ThrowsAnyAsync<CryptographicException>(async () => await key.DecapsulateAsync(wrong, default));
            }

            Assert.Equal(made.SharedSecret, await key.DecapsulateAsync(made.Ciphertext, default));
        }
    }

    [Fact]
    public async Task DecapsulateAsync_ChangedOrAnothersCiphertext_GivesAnotherSecretAlwaysTheSame()
    {
        foreach (var algorithm in MustHave)
        {
            await using var key = await Provider.GenerateDecapsulationKeyAsync(Spec(algorithm), default);
            await using var other = await Provider.GenerateDecapsulationKeyAsync(Spec(algorithm), default);
            var made = await Provider.EncapsulateAsync(key.PublicKey, default);
            foreach (var position in new[] { 0, made.Ciphertext.Length / 2, made.Ciphertext.Length - 1 })
            {
                var changed = (byte[])made.Ciphertext.Clone();
                changed[position] ^= 0x40;
                var rejected = await key.DecapsulateAsync(changed, default); // FIPS 203 §6.3: implicit rejection
                Assert.Equal(32, rejected.Length);
                Assert.NotEqual(made.SharedSecret, rejected);
                Assert.Equal(rejected, await key.DecapsulateAsync(changed, default));
            }

            Assert.NotEqual(made.SharedSecret, await other.DecapsulateAsync(made.Ciphertext, default));
        }
    }

    [Fact]
    public async Task DecapsulateAsync_CancelledBefore_ThrowsAndKeyGoesOn()
    {
        await using var key = await Provider.GenerateDecapsulationKeyAsync(Spec(MustHave[0]), default);
        var made = await Provider.EncapsulateAsync(key.PublicKey, default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await key.DecapsulateAsync(made.Ciphertext, new CancellationToken(true)));
        Assert.Equal(made.SharedSecret, await key.DecapsulateAsync(made.Ciphertext, default));
    }

    [Fact]
    public async Task DecapsulateAsync_ManyAtOnce_EachGetsItsOwnSecret()
    {
        await using var key = await Provider.GenerateDecapsulationKeyAsync(Spec(MustHave[0]), default);
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () =>
        {
            var made = await Provider.EncapsulateAsync(key.PublicKey, default);
            return Enumerable.SequenceEqual(made.SharedSecret, await key.DecapsulateAsync(made.Ciphertext, default));
        })));
        Assert.All(results, Assert.True);
    }

    [Fact]
    public async Task GenerateDecapsulationKeyAsync_LabelThatExists_ThrowsAndKeepsTheKey()
    {
        var spec = Spec(MustHave[0]);
        await using var key = await Provider.GenerateDecapsulationKeyAsync(spec, default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Provider.GenerateDecapsulationKeyAsync(spec, default));
        await using var again = await Provider.OpenDecapsulationKeyAsync(spec.Label, default);
        Assert.Equal(key.PublicKey, again?.PublicKey);
    }

    [Fact]
    public async Task OpenDecapsulationKeyAsync_KeyThatIsThere_HasPurposeAndDecapsulates()
    {
        foreach (var algorithm in MustHave)
        {
            var spec = Spec(algorithm);
            await using var made = await Provider.GenerateDecapsulationKeyAsync(spec, default);
            var provider = await ReopenAsync() ?? Provider;
            await using var opened = await provider.OpenDecapsulationKeyAsync(spec.Label, default);
            Assert.NotNull(opened);
            Assert.Equal((made.PublicKey, KeyPurpose.KeyEstablishment), (opened.PublicKey, opened.Purpose));
            var sent = await provider.EncapsulateAsync(made.PublicKey, default);
            Assert.Equal(sent.SharedSecret, await opened.DecapsulateAsync(sent.Ciphertext, default));
        }
    }

    [Fact]
    public async Task OpenAsync_LabelOfADecapsulationKey_IsNoSigningKey()
    {
        var spec = Spec(MustHave[0]);
        await using var key = await Provider.GenerateDecapsulationKeyAsync(spec, default);
        Assert.Null(await Provider.OpenAsync(spec.Label, default));
        Assert.Null(await Provider.OpenDecapsulationKeyAsync("nobody-made-this", default));
    }

    [Fact]
    public async Task GenerateAsync_EncapsulationAlgorithm_IsNotSupported()
    {
        await Assert.ThrowsAsync<NotSupportedException>(async () => await Provider.GenerateAsync(Spec(MustHave[0]), default));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await Provider.GenerateDecapsulationKeyAsync(Spec(KeyAlgorithm.EcdsaP256), default));
    }

    private static KeyEncapsulation ForeignEncapsulate(PublicKey key)
    {
        var recipient = (MLKemPublicKeyParameters)PublicKeyFactory.CreateKey(key.SubjectPublicKeyInfo.ToArray());
        var encapsulator = new MLKemEncapsulator(recipient.Parameters);
        encapsulator.Init(new ParametersWithRandom(recipient, new SecureRandom()));
        var made = new KeyEncapsulation(new byte[encapsulator.EncapsulationLength], new byte[encapsulator.SecretLength]);
        encapsulator.Encapsulate(made.Ciphertext, made.SharedSecret);
        return made;
    }
}
