using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Cryptography.Tests;

public sealed class KeyProbeTests
{
    private readonly HookedProvider _classical = new(new PlatformProvider());
    private readonly HookedProvider _postQuantum = new(new BouncyCastleProvider());
    private readonly CryptoProviders _providers;

    // BouncyCastle first, which has no ECDSA here: where OpenSSL is 3.5 the platform has both halves.
    public KeyProbeTests() => _providers = new(_postQuantum, _classical, new CompositeProvider(_postQuantum, _classical));

    [Fact]
    public async Task RunAsync_OneKey_SaysWhereItIsAndThatItVerifies()
    {
        await using var key = await MakeAsync(KeyAlgorithm.EcdsaP256);

        var part = Assert.Single(await ProbeAsync(key, key.PublicKey));

        Assert.Equal(new ProbedKey(KeyAlgorithm.EcdsaP256, new("platform", "ca"), KeyProtection.Software, Verifies: true), part);
    }

    [Fact]
    public async Task RunAsync_Composite_SaysWhereEachHalfIs()
    {
        await using var key = await MakeAsync(KeyAlgorithm.MlDsa65EcdsaP256);

        var parts = await ProbeAsync(key, key.PublicKey);

        Assert.Equal([(KeyAlgorithm.MlDsa65, "bouncycastle", true), (KeyAlgorithm.EcdsaP256, "platform", true)], parts.Select(p => (p.Algorithm, p.Reference.Provider, p.Verifies)));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task RunAsync_HalfThatLies_IsTheOneThatDoesNotVerify(bool mlDsa, bool traditional)
    {
        await using var key = await MakeAsync(KeyAlgorithm.MlDsa65EcdsaP256);
        (mlDsa ? _classical : _postQuantum).AfterSign = (_, signature) => [.. signature[..^1], (byte)(signature[^1] ^ 1)];

        Assert.Equal([mlDsa, traditional], (await ProbeAsync(key, key.PublicKey)).Select(p => p.Verifies));
    }

    [Theory]
    [InlineData("ecdsa-p256", 1)]
    [InlineData("mldsa65-ecdsa-p256", 2)]
    public async Task RunAsync_AnotherKeyThanTheCertificates_DoesNotVerify(string kind, int parts)
    {
        await using var key = await MakeAsync(KeyAlgorithm.Find(kind)!);
        await using var other = await MakeAsync(KeyAlgorithm.Find(kind)!, "other");

        Assert.Equal(Enumerable.Repeat(false, parts), (await ProbeAsync(key, other.PublicKey)).Select(p => p.Verifies));
    }

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("mldsa65-ecdsa-p256")]
    public async Task RunAsync_WhatIsSigned_IsNoDerAndNeverTheSame(string kind)
    {
        var signed = new List<byte[]>();
        await using var key = new Listening(await MakeAsync(KeyAlgorithm.Find(kind)!), signed);

        await ProbeAsync(key, key.PublicKey);
        await ProbeAsync(key, key.PublicKey);

        Assert.All(signed, octets => Assert.Equal((byte)'T', octets[0]));
        Assert.NotEqual(signed[0], signed[1]);
    }

    private ValueTask<ISigningKey> MakeAsync(KeyAlgorithm algorithm, string label = "ca") =>
        _providers.For(algorithm, KeyCapabilities.Generate)!.GenerateAsync(new(label, algorithm, KeyPurpose.CertificateAuthority), default);

    private ValueTask<IReadOnlyList<ProbedKey>> ProbeAsync(ISigningKey key, PublicKey expected) =>
        KeyProbe.RunAsync(key, key.Algorithm.DefaultSignature, expected, _providers, TestContext.Current.CancellationToken);

    /// <summary>Remembers what it was asked to sign.</summary>
    private sealed class Listening(ISigningKey key, List<byte[]> signed) : ISigningKey
    {
        public KeyReference Reference => key.Reference;

        public KeyAlgorithm Algorithm => key.Algorithm;

        public KeyPurpose Purpose => key.Purpose;

        public KeyProtection Protection => key.Protection;

        public PublicKey PublicKey => key.PublicKey;

        public ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            signed.Add(message.ToArray());
            return key.SignAsync(algorithm, message, cancellationToken);
        }

        public ValueTask DisposeAsync() => key.DisposeAsync();
    }
}
