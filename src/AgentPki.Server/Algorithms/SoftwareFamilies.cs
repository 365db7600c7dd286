using AgentPki.Cryptography;
using AgentPki.Server.Tls;

namespace AgentPki.Server.Algorithms;

/// <summary>Which provider in software serves each family of algorithms here, and why: chosen by what the machine can, never configured.</summary>
internal static class SoftwareFamilies
{
    /// <summary>One line, for example <c>platform (OpenSSL 3.0.17): ecdsa, rsa; bouncycastle: ed-dsa, ml-dsa</c>.</summary>
    internal static string Describe(CryptoProviders providers)
    {
        var served = KeyAlgorithm.All
            .Select(a => (Family: System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(a.Family.ToString()), Provider: Server(a, providers)))
            .Where(s => s.Provider is not null)
            .GroupBy(s => s.Provider, s => s.Family)
            .Select(g => $"{g.Key}{(g.Key == Cryptography.Providers.Platform.PlatformProvider.ProviderName ? $" ({TlsPlatform.Version})" : "")}: {string.Join(", ", g.Distinct())}");
        var why = TlsPlatform.IsPostQuantum ? "" : $"; post-quantum families go to the platform from OpenSSL 3.5 on";
        return $"{string.Join("; ", served)}{why}";
    }

    private static string? Server(KeyAlgorithm algorithm, CryptoProviders providers) => providers.All
        .FirstOrDefault(p => p.Protection == KeyProtection.Software && (p.CapabilitiesFor(algorithm) & (algorithm.CanSign ? KeyCapabilities.Verify : KeyCapabilities.Encapsulate)) != 0)?.Name;
}
