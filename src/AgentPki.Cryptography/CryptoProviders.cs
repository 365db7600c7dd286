using System.Collections.Immutable;

namespace AgentPki.Cryptography;

/// <summary>The providers of one appliance, in order of preference. Made once at start, then frozen.</summary>
public sealed class CryptoProviders
{
    private readonly ImmutableArray<ICryptoProvider> _providers;

    public CryptoProviders(params IEnumerable<ICryptoProvider> providers)
    {
        _providers = [.. providers];
        if (_providers.Select(p => p.Name).Distinct(StringComparer.Ordinal).Count() != _providers.Length)
        {
            throw new ArgumentException("Two crypto providers carry one name.", nameof(providers));
        }
    }

    public IReadOnlyList<ICryptoProvider> All => _providers;

    public ICryptoProvider? Find(string name) => _providers.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal));

    /// <summary>The first provider that can do all of <paramref name="wanted"/> with <paramref name="algorithm"/>, or null.</summary>
    public ICryptoProvider? For(KeyAlgorithm algorithm, KeyCapabilities wanted)
    {
        foreach (var provider in _providers)
        {
            if ((provider.CapabilitiesFor(algorithm) & wanted) == wanted)
            {
                return provider;
            }
        }

        return null;
    }

    /// <summary>The first provider that can do all of <paramref name="wanted"/> with a key encapsulation algorithm, or null.</summary>
    public IKeyEncapsulationProvider? ForEncapsulation(KeyAlgorithm algorithm, KeyCapabilities wanted) =>
        _providers.OfType<IKeyEncapsulationProvider>().FirstOrDefault(p => (p.CapabilitiesFor(algorithm) & wanted) == wanted);

    /// <summary>Verifies with the first provider that knows the key's algorithm; false when none does or the signature is wrong.</summary>
    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        algorithm.Fits(key.Algorithm) && For(key.Algorithm, KeyCapabilities.Verify) is { } provider && provider.Verify(key, algorithm, message, signature);
}
