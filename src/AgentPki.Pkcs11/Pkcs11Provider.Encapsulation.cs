using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

// ML-KEM (FIPS 203) in a token of PKCS#11 v3.2 (§6.68).
public sealed partial class Pkcs11Provider : IKeyEncapsulationProvider
{
    public async ValueTask<IDecapsulationKey> GenerateDecapsulationKeyAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        if (!spec.Algorithm.CanEncapsulate)
        {
            throw new NotSupportedException($"A key of kind {spec.Algorithm} decapsulates nothing.");
        }

        var mechanism = EncapsulationMechanism(spec.Algorithm);
        return DecapsulationKey(spec.Label, mechanism, spec.Purpose, await GenerateKeyAsync(spec, cancellationToken));
    }

    public async ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken)
    {
        var opened = await OpenKeyAsync(label, cancellationToken);
        return opened.PublicKey is { Algorithm.CanEncapsulate: true } publicKey ? DecapsulationKey(label, EncapsulationMechanism(publicKey.Algorithm), opened.Purpose, publicKey) : null;
    }

    /// <summary>In software where that has the algorithm: a public key needs no token, and software cannot be down.</summary>
    public ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken) =>
        Software.ForEncapsulation(key.Algorithm, KeyCapabilities.Encapsulate) is { } provider
            ? provider.EncapsulateAsync(key, cancellationToken)
            : new(EncapsulateInTokenAsync(key, cancellationToken));

    /// <summary>With the token's own randomness.</summary>
    internal Task<KeyEncapsulation> EncapsulateInTokenAsync(PublicKey key, CancellationToken cancellationToken) =>
        _pool.Options.Token.Keys.TryGetValue(key.Algorithm, out var use)
            ? _pool.RunAsync(new EncapsulateOperation(key, use, EncapsulationMechanism(key.Algorithm), _pool.Options.CallDeadline), cancellationToken)
            : throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' has no {key.Algorithm} keys (keys: in token.yaml).");

    private KeyCapabilities EncapsulationCapabilities(KeyAlgorithm algorithm, IReadOnlySet<ulong> mechanisms)
    {
        var token = _pool.Options.Token;
        var outside = Software.For(algorithm, KeyCapabilities.Encapsulate) is null ? KeyCapabilities.None : KeyCapabilities.Encapsulate;
        var inside = token.EncapsulationMechanism is { } mechanism && mechanisms.Contains(mechanism) && _pool.Module.Version32 is not null && token.Keys.TryGetValue(algorithm, out var use)
            ? KeyCapabilities.Encapsulate | KeyCapabilities.Decapsulate | (mechanisms.Contains(use.Generate) ? KeyCapabilities.Generate : KeyCapabilities.None)
            : KeyCapabilities.None;
        return outside | inside;
    }

    private ulong EncapsulationMechanism(KeyAlgorithm algorithm) => _pool.Options.Token.EncapsulationMechanism
        ?? throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' does nothing with {algorithm} keys (encapsulation: in token.yaml).");

    private Pkcs11DecapsulationKey DecapsulationKey(string label, ulong mechanism, KeyPurpose purpose, PublicKey publicKey) =>
        new(_pool, new(Name, label), Object(label), mechanism, purpose, publicKey);
}
