using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing;
using Xunit;

namespace AgentPki.Cryptography.Tests;

public sealed class PlatformProviderTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new PlatformProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072];
}

/// <summary>What the platform's library adds where it is OpenSSL 3.5 or newer; test.sh runs this project a second time there.</summary>
public sealed class PlatformPostQuantumTests
{
    [Fact]
    public void CapabilitiesFor_PostQuantumAlgorithms_AreThereExactlyWhenTheLibraryHasThem()
    {
        var platform = new PlatformProvider();
        Assert.All(Preferred.Signing, a => Assert.Equal(PqRuntime.IsHere || Preferred.IsPlatform, platform.CapabilitiesFor(a) == (KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify)));
        Assert.All(Preferred.Encapsulation, a => Assert.Equal(PqRuntime.IsHere || Preferred.IsPlatform, platform.CapabilitiesFor(a) == (KeyCapabilities.Generate | KeyCapabilities.Encapsulate | KeyCapabilities.Decapsulate)));
    }
}

/// <summary>The provider that this machine prefers for ML-DSA: the platform where it can, else BouncyCastle once more.</summary>
public sealed class PreferredMlDsaTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = Preferred.Provider;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87];
}

public sealed class PreferredSlhDsaTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = Preferred.Provider;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.SlhDsaSha2Fast128, KeyAlgorithm.SlhDsaShakeFast192];

    protected override int ManyAtOnce => 4;
}

public sealed class PreferredKeyEncapsulationTests : KeyEncapsulationProviderContract
{
    protected override IKeyEncapsulationProvider Provider { get; } = Preferred.Provider;

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.MlKem512, KeyAlgorithm.MlKem768, KeyAlgorithm.MlKem1024];
}

internal static class Preferred
{
    public static bool IsPlatform { get; } = MLDsa.IsSupported;

    public static IKeyEncapsulationProvider Provider => IsPlatform || PqRuntime.IsHere ? new PlatformProvider() : new BouncyCastleProvider();

    public static IEnumerable<KeyAlgorithm> Signing => KeyAlgorithm.All.Where(a => a.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa);

    public static IEnumerable<KeyAlgorithm> Encapsulation => KeyAlgorithm.All.Where(a => a.CanEncapsulate);
}

public sealed class BouncyCastleProviderTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new BouncyCastleProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.Ed25519, KeyAlgorithm.MlDsa44, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa87];
}

public sealed class BouncyCastleSlhDsaFastTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new BouncyCastleProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.SlhDsaSha2Fast128, KeyAlgorithm.SlhDsaShakeFast128];

    protected override int ManyAtOnce => 4;
}

public sealed class BouncyCastleKeyEncapsulationTests : KeyEncapsulationProviderContract
{
    protected override IKeyEncapsulationProvider Provider { get; } = new BouncyCastleProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.MlKem512, KeyAlgorithm.MlKem768, KeyAlgorithm.MlKem1024];
}

/// <summary>The sets that take seconds for one signature, and the fast ones of the higher levels.</summary>
[Trait("tier", "full")]
public sealed class BouncyCastleSlhDsaTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new BouncyCastleProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [.. KeyAlgorithm.All.Where(a => a.Family == AlgorithmFamily.SlhDsa)];

    protected override int ManyAtOnce => 4;
}
