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
