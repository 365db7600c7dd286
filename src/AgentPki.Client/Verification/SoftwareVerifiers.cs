using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;

namespace AgentPki.Client.Verification;

/// <summary>What verifies signatures in a client: everything that this build has, the platform first.</summary>
internal static class SoftwareVerifiers
{
    public static CryptoProviders Create()
    {
        var (platform, bouncyCastle) = (new PlatformProvider(), new BouncyCastleProvider());
        return new CryptoProviders(platform, new CompositeProvider(platform, bouncyCastle), bouncyCastle);
    }
}
