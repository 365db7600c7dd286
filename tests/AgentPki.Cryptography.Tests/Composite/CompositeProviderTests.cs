using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Cryptography.Tests.Composite;

public sealed class CompositeProviderContractTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider());

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } =
        [KeyAlgorithm.MlDsa65EcdsaP256, KeyAlgorithm.MlDsa44Ed25519, KeyAlgorithm.MlDsa87EcdsaP384, KeyAlgorithm.MlDsa87Ed448, KeyAlgorithm.MlDsa87EcdsaP521, KeyAlgorithm.MlDsa65EcdsaBrainpoolP256];
}

public sealed class CompositeProviderTests
{
    private readonly PlatformProvider _classical = new();
    private readonly BouncyCastleProvider _postQuantum = new();
    private readonly CompositeProvider _provider;

    public CompositeProviderTests() => _provider = new(_classical, _postQuantum);

    private static byte[] Message => "the message"u8.ToArray();

    [Fact]
    public async Task GenerateAsync_TwoProviders_EachKeepsItsHalf()
    {
        await using var key = await _provider.GenerateAsync(new("ca", KeyAlgorithm.MlDsa65EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await using var mlDsa = await (MlDsaKeeper() as ICryptoProvider).OpenAsync("ca.pq-ca", default);
        await using var traditional = await _classical.OpenAsync("ca.trad", default);
        Assert.Equal((KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), (mlDsa?.Algorithm, mlDsa?.Purpose));
        Assert.Equal((KeyAlgorithm.EcdsaP256, KeyPurpose.CompositeHalf), (traditional?.Algorithm, traditional?.Purpose));
        Assert.True(key.PublicKey.TryGetHalves(out var first, out var second));
        Assert.Equal((mlDsa!.PublicKey, traditional!.PublicKey), (first, second));
    }

    [Fact]
    public async Task SignAsync_HalfByItself_IsRefused()
    {
        await using var key = await _provider.GenerateAsync(new("ca", KeyAlgorithm.MlDsa65EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await using var half = await _classical.OpenAsync("ca.trad", default);
        var refused = await Assert.ThrowsAsync<ArgumentException>(async () => await half!.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, default));
        Assert.Contains("half of a composite", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignAsync_WholeKeyAsAHalf_IsRefused()
    {
        await using var key = await _classical.GenerateAsync(new("plain", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        var half = SignatureAlgorithm.TraditionalHalfOf(KeyAlgorithm.MlDsa65EcdsaP256);
        await Assert.ThrowsAsync<ArgumentException>(async () => await key.SignAsync(half, Message, default));
    }

    [Fact]
    public async Task OpenAsync_PaddingThatTheKeyDoesNotTell_IsRemembered()
    {
        await using var pss = await _provider.GenerateAsync(new("pss", KeyAlgorithm.MlDsa44Rsa2048Pss, KeyPurpose.CmsSigner), default);
        await using var pkcs15 = await _provider.GenerateAsync(new("pkcs15", KeyAlgorithm.MlDsa44Rsa2048Pkcs15, KeyPurpose.OcspResponder), default);
        await using var first = await _provider.OpenAsync("pss", default);
        await using var second = await _provider.OpenAsync("pkcs15", default);
        Assert.Equal((KeyAlgorithm.MlDsa44Rsa2048Pss, KeyPurpose.CmsSigner), (first?.Algorithm, first?.Purpose));
        Assert.Equal((KeyAlgorithm.MlDsa44Rsa2048Pkcs15, KeyPurpose.OcspResponder), (second?.Algorithm, second?.Purpose));
    }

    [Fact]
    public async Task GenerateAsync_AfterARunThatEndedBetweenTheHalves_TakesTheHalfThatIsThere()
    {
        await using var left = await MlDsaKeeper().GenerateAsync(new("ca.pq-ca", KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), default);
        Assert.Null(await _provider.OpenAsync("ca", default));
        await using var key = await _provider.GenerateAsync(new("ca", KeyAlgorithm.MlDsa65EcdsaP256, KeyPurpose.CertificateAuthority), default);
        Assert.True(key.PublicKey.TryGetHalves(out var mlDsa, out _));
        Assert.Equal(left.PublicKey, mlDsa);
    }

    [Fact]
    public async Task GenerateAsync_KeyOfItsOwnWhereAHalfBelongs_IsRefused()
    {
        await using var own = await _classical.GenerateAsync(new("ca.trad", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _provider.GenerateAsync(new("ca", KeyAlgorithm.MlDsa65EcdsaP256, KeyPurpose.CertificateAuthority), default));
    }

    [Fact]
    public void WhyNotSigned_NoKeeperForAHalf_NamesIt()
    {
        var classicalAlone = new CompositeProvider(new OnlyClassical(_classical));
        Assert.Contains("ml-dsa-65", classicalAlone.WhyNotSigned(KeyAlgorithm.MlDsa65EcdsaP256), StringComparison.Ordinal);
        Assert.False(classicalAlone.CapabilitiesFor(KeyAlgorithm.MlDsa65EcdsaP256).HasFlag(KeyCapabilities.Sign));
    }

    [Fact]
    public async Task SignAsync_EveryAlgorithm_VerifiesTakenApartByBouncyCastle()
    {
        foreach (var algorithm in KeyAlgorithm.All.Where(a => a.Composite is not null))
        {
            await using var key = await _provider.GenerateAsync(new($"k-{algorithm}", algorithm, KeyPurpose.Subject), default);
            var signature = await key.SignAsync(algorithm.DefaultSignature, Message, default);
            Assert.True(ForeignComposite.Verify(key.PublicKey, Message, signature), algorithm.Name);
        }
    }

    /// <summary>The software provider that made the ML-DSA half: the platform where OpenSSL has it, BouncyCastle elsewhere.</summary>
    private ICryptoProvider MlDsaKeeper() => _classical.CapabilitiesFor(KeyAlgorithm.MlDsa65).HasFlag(KeyCapabilities.Sign) ? _classical : _postQuantum;

    private sealed class OnlyClassical(PlatformProvider inner) : ICryptoProvider
    {
        public string Name => inner.Name;

        public KeyProtection Protection => inner.Protection;

        public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => algorithm.IsQuantumSafe ? KeyCapabilities.None : inner.CapabilitiesFor(algorithm);

        public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) => inner.GenerateAsync(spec, cancellationToken);

        public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) => inner.OpenAsync(label, cancellationToken);

        public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => inner.Verify(key, algorithm, message, signature);
    }
}
