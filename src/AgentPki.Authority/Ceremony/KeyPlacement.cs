using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// Where the appliance's own keys (CAs, OCSP and CMS signers, checkpoints) may be made: in the best place that can, never below
/// <paramref name="Lowest"/>. Anything below <see cref="KeyProtection.Token"/> is a leave that somebody gave in so many words.
/// </summary>
/// <param name="Lowest">The lowest protection that a new key may have.</param>
public sealed record KeyPlacement(KeyProtection Lowest)
{
    /// <summary>In a token or not at all.</summary>
    public static KeyPlacement TokenOnly { get; } = new(KeyProtection.Token);

    /// <summary>Where no token has the algorithm: wrapped under a token's key.</summary>
    public static KeyPlacement AllowTokenWrapped { get; } = new(KeyProtection.TokenWrapped);

    /// <summary>In software if need be: tests and benchmarks.</summary>
    public static KeyPlacement AllowSoftware { get; } = new(KeyProtection.Software);

    /// <summary>The best place there is for a key of one of <paramref name="algorithms"/>; null when none is good enough.</summary>
    /// <remarks>The best protection first, then the providers' order, then the algorithms'.</remarks>
    public (ICryptoProvider Provider, KeyAlgorithm Algorithm)? Find(CryptoProviders providers, IReadOnlyList<KeyAlgorithm> algorithms) =>
        FindAll(providers, algorithms).FirstOrDefault() is { Provider: not null } best ? best : null;

    /// <summary>All places that are good enough, the best first.</summary>
    internal IEnumerable<(ICryptoProvider Provider, KeyAlgorithm Algorithm)> FindAll(CryptoProviders providers, IReadOnlyList<KeyAlgorithm> algorithms) =>
        providers.All.SelectMany(p => algorithms.Where(a => Makes(p, a)).Select(a => (Provider: p, Algorithm: a, Protection: p.ProtectionFor(a))))
            .Where(p => p.Protection >= Lowest)
            .OrderByDescending(p => p.Protection) // a stable sort
            .Select(p => (p.Provider, p.Algorithm));

    /// <summary>One sentence saying why <see cref="Find"/> found nothing, and what would help.</summary>
    public string Explain(CryptoProviders providers, IReadOnlyList<KeyAlgorithm> algorithms)
    {
        var wanted = string.Join(" or ", algorithms);
        var lower = algorithms.SelectMany(a => providers.All.Where(p => Makes(p, a)).Select(p => p.ProtectionFor(a))).Where(level => level < Lowest).ToList();
        return lower.Contains(KeyProtection.TokenWrapped)
            ? $"No token here makes {wanted} keys; one can be kept wrapped under a token's key, which wants leave: --allow-token-wrapped."
            : lower.Count > 0
                ? $"No token here makes or wraps {wanted} keys; a key in software is no key for an appliance. Add a token that has the algorithm ('agentpki algorithms' lists what there is)."
                : $"No provider here makes {wanted} keys ('agentpki algorithms' lists what there is).";
    }

    /// <summary>The leave that a CA kept at <paramref name="level"/> gives its helpers: they are kept no worse than it.</summary>
    internal KeyPlacement DownTo(KeyProtection? level) => level < Lowest ? new KeyPlacement(level.Value) : this;

    private static bool Makes(ICryptoProvider provider, KeyAlgorithm algorithm) =>
        (provider.CapabilitiesFor(algorithm) & (KeyCapabilities.Generate | KeyCapabilities.Sign)) == (KeyCapabilities.Generate | KeyCapabilities.Sign);
}
