using AgentPki.Cryptography;

namespace AgentPki.Testing.Fixtures;

/// <summary>A provider whose keys do what a test tells them: fail, wait, lie. Without a hook it is the inner provider.</summary>
public sealed class HookedProvider(ICryptoProvider inner) : ICryptoProvider
{
    private int _signatures;
    private int _open;

    /// <summary>Called before each signature; may throw or wait.</summary>
    public Func<ISigningKey, Task>? BeforeSign { get; set; }

    /// <summary>Changes what the key returns.</summary>
    public Func<ISigningKey, byte[], byte[]>? AfterSign { get; set; }

    /// <summary>When true, no key opens and none is made: the token is gone.</summary>
    public bool IsGone { get; set; }

    /// <summary>Keys of the appliance that were opened or made and not closed.</summary>
    public int OpenKeys => Volatile.Read(ref _open);

    /// <summary>Signatures made so far.</summary>
    public int Signatures => Volatile.Read(ref _signatures);

    public string Name => inner.Name;

    public KeyProtection Protection => inner.Protection;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => inner.CapabilitiesFor(algorithm);

    public async ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) =>
        spec.Purpose == KeyPurpose.Subject ? await inner.GenerateAsync(spec, cancellationToken) : new HookedKey(this, await inner.GenerateAsync(Here(spec), cancellationToken));

    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) =>
        await inner.OpenAsync(Here(label), cancellationToken) is { } key ? new HookedKey(this, key) : null;

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => inner.Verify(key, algorithm, message, signature);

    private T Here<T>(T value) => IsGone ? throw new KeyUnavailableException("The token is gone (test).", TimeSpan.FromSeconds(7)) : value;

    private sealed class HookedKey : ISigningKey
    {
        private readonly HookedProvider provider;
        private readonly ISigningKey key;
        private int _closed;

        public HookedKey(HookedProvider provider, ISigningKey key)
        {
            (this.provider, this.key) = (provider, key);
            Interlocked.Increment(ref provider._open);
        }

        public KeyReference Reference => key.Reference;

        public KeyAlgorithm Algorithm => key.Algorithm;

        public KeyPurpose Purpose => key.Purpose;

        public KeyProtection Protection => key.Protection;

        public PublicKey PublicKey => key.PublicKey;

        public async ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            provider.Here(0);
            if (provider.BeforeSign is { } before)
            {
                await before(key);
            }

            var signature = await key.SignAsync(algorithm, message, cancellationToken);
            Interlocked.Increment(ref provider._signatures);
            return provider.AfterSign?.Invoke(key, signature) ?? signature;
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                Interlocked.Decrement(ref provider._open);
            }

            return key.DisposeAsync();
        }
    }
}
