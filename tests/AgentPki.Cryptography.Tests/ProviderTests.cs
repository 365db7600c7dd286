using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing;

namespace AgentPki.Cryptography.Tests;

public sealed class PlatformProviderTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new PlatformProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072];
}

public sealed class BouncyCastleProviderTests : CryptoProviderContract
{
    protected override ICryptoProvider Provider { get; } = new BouncyCastleProvider();

    protected override IReadOnlyList<KeyAlgorithm> MustHave { get; } = [KeyAlgorithm.Ed25519];
}
