using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>
/// A fresh FreeHSM store, and the module that hsm-config/freehsm/install.sh unpacks once into <c>.tools/freehsm</c> of the working tree. It needs a
/// newer C library than this machine may have: test.sh runs these classes by themselves under <c>.tools/pq-runtime</c>.
/// </summary>
public sealed class FreeHsmFixture : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("agentpki-freehsm-").FullName;

    public FreeHsmFixture()
    {
        var description = TokenDescription.Shipped("freehsm");
        Options = new Pkcs11Options
        {
            Name = "freehsm",
            ModulePath = ToolFolder.Install("freehsm"),
            TokenLabel = "agentpki",
            PinFile = Path.Combine(_home, "pin"),
            Token = description,
            Environment = TokenHome.Prepare(description, _home),
            CallDeadline = TimeSpan.FromMinutes(1),
        };
        TokenAdministration.EnsureToken(Options, Path.Combine(_home, "so-pin"));
    }

    public Pkcs11Options Options { get; }

    public ValueTask<Pkcs11Provider> OpenAsync() => Pkcs11Provider.OpenAsync(Options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);

    public void Dispose() => Directory.Delete(_home, recursive: true);
}

[CollectionDefinition("FreeHSM")]
#pragma warning disable CA1711 // xunit's own word for it.
public sealed class FreeHsmCollection : ICollectionFixture<FreeHsmFixture>;
#pragma warning restore CA1711

/// <summary>The provider contract on a third token: the one that has SLH-DSA.</summary>
[Collection("FreeHSM")]
[Trait("tier", "full")]
[Trait("needs", "newer-libc")]
public sealed class FreeHsmProviderTests(FreeHsmFixture freeHsm) : CryptoProviderContract, IAsyncLifetime
{
    private Pkcs11Provider? _provider;
    private Pkcs11Provider? _second;

    protected override ICryptoProvider Provider => _provider!;

    /// <summary>The sets it can make; of the others C_GenerateKeyPair fails.</summary>
    private static readonly KeyAlgorithm[] SlhDsa = [KeyAlgorithm.SlhDsaSha2Small128, KeyAlgorithm.SlhDsaSha2Small192, KeyAlgorithm.SlhDsaShakeSmall128, KeyAlgorithm.SlhDsaShakeSmall192];

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } =
        [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87, KeyAlgorithm.SlhDsaSha2Small128, KeyAlgorithm.SlhDsaShakeSmall128];

    public async ValueTask InitializeAsync() => _provider = await freeHsm.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _provider!.DisposeAsync();
        if (_second is not null)
        {
            await _second.DisposeAsync();
        }
    }

    protected override async Task<ICryptoProvider?> ReopenAsync() => _second ??= await freeHsm.OpenAsync();

    [Fact]
    public async Task SignAsync_EverySlhDsaSetItHas_VerifiesInSoftware()
    {
        foreach (var algorithm in SlhDsa)
        {
            await using var key = await _provider!.GenerateAsync(new($"all-{algorithm}", algorithm, KeyPurpose.CertificateAuthority), default);
            var signature = await key.SignAsync(algorithm.DefaultSignature, "the message"u8.ToArray(), default);
            Assert.Equal(algorithm.SignatureSize, signature.Length);
            Assert.True(_provider.Verify(key.PublicKey, algorithm.DefaultSignature, "the message"u8, signature), algorithm.Name);
        }

        Assert.Equal(SlhDsa, KeyAlgorithm.All.Where(k => k.Family == AlgorithmFamily.SlhDsa && _provider!.CapabilitiesFor(k).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign)));
        Assert.All(TokenAdministration.ListKeys(freeHsm.Options), k => Assert.True(k.NeverLeft, k.ToString()));
    }

    [Fact]
    public async Task Diagnostics_HealthyToken_EveryStepIsOk()
    {
        var steps = await Pkcs11Diagnostics.RunAsync(freeHsm.Options, TimeProvider.System, NullLoggerFactory.Instance, default);
        Assert.All(steps, s => Assert.True(s.Ok, $"{s.Name}: {s.Finding}"));
    }

    [Fact]
    public async Task Wrapper_RoundTripAndTampering_OnlyTheUnchangedOpens()
    {
        var wrapper = await _provider!.OpenWrapperAsync("tls", default);
        var secret = RandomNumberGenerator.GetBytes(121);
        var wrapped = await wrapper.WrapAsync(secret, "tls key"u8.ToArray(), default);
        Assert.Equal(secret, await wrapper.UnwrapAsync(wrapped, "tls key"u8.ToArray(), default));
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped, "other key"u8.ToArray(), default));
        wrapped[^1] ^= 1;
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(wrapped, "tls key"u8.ToArray(), default));
    }

    [Fact]
    public async Task SignAsync_HalfOfAComposite_CarriesItsContext()
    {
        await using var key = await _provider!.GenerateAsync(new("half", KeyAlgorithm.MlDsa65, KeyPurpose.CompositeHalf), default);
        var half = SignatureAlgorithm.MlDsaHalfOf(KeyAlgorithm.MlDsa65EcdsaP256);
        var signature = await key.SignAsync(half, "the message"u8.ToArray(), default);
        Assert.True(_provider.Verify(key.PublicKey, half, "the message"u8, signature));
        Assert.False(_provider.Verify(key.PublicKey, half.Base, "the message"u8, signature));
    }
}
