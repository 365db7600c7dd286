using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>
/// One token, and a second that has some of its keys too (made so by a ceremony: <see cref="KeyBackup.Wrapped"/>, or a copy of the token's files). The first
/// makes keys and signs; while it is away, the second signs with the keys that it has.
/// </summary>
public sealed class MirroredProvider(Pkcs11Provider first, Pkcs11Provider second, ILogger logger) : IKeyEncapsulationProvider
{
    /// <summary>The token that makes keys.</summary>
    public Pkcs11Provider First { get; } = first;

    /// <summary>The token that signs while the first is away.</summary>
    public Pkcs11Provider Second { get; } = second;

    /// <summary>Keys are known by the first: which of the two signs is nobody's business.</summary>
    public string Name => First.Name;

    public KeyProtection Protection => KeyProtection.Token;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => First.CapabilitiesFor(algorithm);

    /// <summary>In the first token alone: a key gets into the second by a ceremony.</summary>
    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) => First.GenerateAsync(spec, cancellationToken);

    /// <exception cref="InvalidOperationException">The second token has another key of that label.</exception>
    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        ISigningKey? inFirst = null;
        KeyUnavailableException? away = null;
        try
        {
            inFirst = await First.OpenAsync(label, cancellationToken);
            if (inFirst is null)
            {
                return null;
            }
        }
        catch (KeyUnavailableException e)
        {
            away = e;
        }

        var key = new MirroredSigningKey(this, label, inFirst, logger);
        try
        {
            // Known now where it can be, so that nothing has to be looked for when the first is gone.
            return await key.TryOpenSecondAsync(cancellationToken) || inFirst is not null ? key : throw away ?? new KeyUnavailableException($"Neither token has '{label}' now.", TimeSpan.FromSeconds(5));
        }
        catch
        {
            await key.DisposeAsync();
            throw;
        }
    }

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => First.Verify(key, algorithm, message, signature);

    public ValueTask<IDecapsulationKey> GenerateDecapsulationKeyAsync(KeySpec spec, CancellationToken cancellationToken) => First.GenerateDecapsulationKeyAsync(spec, cancellationToken);

    public ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken) => First.OpenDecapsulationKeyAsync(label, cancellationToken);

    public ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken) => First.EncapsulateAsync(key, cancellationToken);
}
