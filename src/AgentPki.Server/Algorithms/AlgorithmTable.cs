using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Tls;

namespace AgentPki.Server.Algorithms;

/// <summary>The table algorithm × provider × token × protection, from what the providers say of themselves now.</summary>
internal static class AlgorithmTable
{
    private const KeyCapabilities Makes = KeyCapabilities.Generate | KeyCapabilities.Sign;

    /// <summary>One row for each provider that has the algorithm, in the order of the providers; one without a provider where none has it.</summary>
    /// <param name="tokens">The labels of tokens by the names of their providers.</param>
    /// <param name="placement">Where keys of the appliance may be made.</param>
    internal static IReadOnlyList<AlgorithmRow> Of(CryptoProviders providers, IReadOnlyDictionary<string, string> tokens, KeyPlacement placement) =>
        [.. KeyAlgorithm.All.SelectMany(a => RowsOf(a, providers, tokens, placement)), .. Pair(KeyAlgorithm.EcdsaP256, KeyAlgorithm.MlDsa65, providers, tokens, placement)];

    /// <summary>Two keys in one certificate (X.509 (2019) §9.8): one example, for any two signing algorithms go together. Responders and TLS have one key each.</summary>
    private static IEnumerable<AlgorithmRow> Pair(KeyAlgorithm first, KeyAlgorithm second, CryptoProviders providers, IReadOnlyDictionary<string, string> tokens, KeyPlacement placement)
    {
        var keys = new KeyKind(first, second);
        if (placement.Find(providers, [first]) is not { } one || placement.Find(providers, [second]) is not { } other)
        {
            yield return new AlgorithmRow(keys.ToString(), second.NistLevel, "", "", "", [], ["subject"], "as CA keys no provider here keeps both well enough");
            yield break;
        }

        var level = new[] { one.Provider.ProtectionFor(first), other.Provider.ProtectionFor(second) }.Min();
        yield return new AlgorithmRow(
            keys.ToString(), second.NistLevel, $"{one.Provider.Name} + {other.Provider.Name}", $"{tokens.GetValueOrDefault(one.Provider.Name, "")} + {tokens.GetValueOrDefault(other.Provider.Name, "")}",
            level.ToText(), ["generate", "sign"], ["ca", "crl", "subject"], "any two signing algorithms go together");
    }

    private static IEnumerable<AlgorithmRow> RowsOf(KeyAlgorithm algorithm, CryptoProviders providers, IReadOnlyDictionary<string, string> tokens, KeyPlacement placement)
    {
        var able = providers.All.Where(p => p.CapabilitiesFor(algorithm) != KeyCapabilities.None).ToList();
        if (able.Count == 0)
        {
            yield return new AlgorithmRow(algorithm.Name, algorithm.NistLevel, "", "", "", [], [], WhyNot(algorithm, providers));
        }

        var keeper = algorithm.CanSign && algorithm != KeyAlgorithm.Rsa2048 ? placement.Find(providers, [algorithm])?.Provider : null;
        foreach (var provider in able)
        {
            var can = provider.CapabilitiesFor(algorithm);
            var keeps = (can & (KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Decapsulate)) != 0;
            yield return new AlgorithmRow(
                algorithm.Name,
                algorithm.NistLevel,
                provider.Name,
                tokens.GetValueOrDefault(provider.Name, ""),
                keeps ? provider.ProtectionFor(algorithm).ToText() : "",
                [.. Words(can)],
                [.. Services(algorithm, provider, providers, keeper)],
                provider == able[^1] && !able.Any(p => (p.CapabilitiesFor(algorithm) & Makes) == Makes) && algorithm.CanSign ? WhyNot(algorithm, providers) : "");
        }
    }

    private static IEnumerable<string> Words(KeyCapabilities capabilities) =>
        Enum.GetValues<KeyCapabilities>().Where(c => c != KeyCapabilities.None && capabilities.HasFlag(c)).Select(c => c.ToString().ToLowerInvariant());

    private static IEnumerable<string> Services(KeyAlgorithm algorithm, ICryptoProvider provider, CryptoProviders providers, ICryptoProvider? keeper)
    {
        if (provider == keeper)
        {
            foreach (var use in new[] { "ca", "ocsp", "crl", "cms" })
            {
                yield return use;
            }
        }

        var maker = providers.All.FirstOrDefault(p => p.Protection == KeyProtection.Software && p.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Generate));
        if (provider == maker && TlsPlatform.CanServe(algorithm) && algorithm != KeyAlgorithm.Rsa2048)
        {
            yield return "tls";
        }

        // A subject's key: for a request, whoever verifies its signature; for key establishment, whoever encapsulates to it.
        if (provider == (algorithm.CanSign ? providers.For(algorithm, KeyCapabilities.Verify) : providers.ForEncapsulation(algorithm, KeyCapabilities.Encapsulate)))
        {
            yield return "subject";
        }

        if (provider == maker && algorithm != KeyAlgorithm.Rsa2048)
        {
            yield return "serverkeygen";
        }
    }

    /// <summary>Why nothing here makes such keys; for a composite, which half is missing.</summary>
    private static string WhyNot(KeyAlgorithm algorithm, CryptoProviders providers)
    {
        if (algorithm.Composite is not { } parts)
        {
            return "no provider here makes such keys";
        }

        var missing = new[] { parts.MlDsa, parts.Traditional }.FirstOrDefault(half => providers.For(half, Makes) is null);
        return missing is null ? "no provider here composes such keys" : $"its half {missing} is made by no provider here";
    }
}
