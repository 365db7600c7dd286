using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Cryptography.Providers.Platform;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>
/// Keys of algorithms that the token lacks (ML-DSA and SLH-DSA on a v2.40 token): kept as files, encrypted under a key that cannot leave the token, and
/// unwrapped into pinned memory to sign. Level <see cref="KeyProtection.TokenWrapped"/>, which a CA key has by a ceremony's explicit leave only.
/// </summary>
public sealed class TokenWrappedProvider : ICryptoProvider
{
    // A public key needs no token.
    private static readonly CryptoProviders Verifiers = new(new PlatformProvider(), new BouncyCastleProvider());

    private readonly IKeyWrapper _wrapper;
    private readonly ICryptoProvider _token;
    private readonly TokenWrappedOptions _options;
    private readonly TimeProvider _clock;
    private readonly WrappedKeyFolder _folder;

    /// <param name="wrapper">The token's wrapping key.</param>
    /// <param name="token">The token itself: what it can do is not offered here, unless the options say so.</param>
    /// <exception cref="ArgumentException">The options are wrong; the message names the setting.</exception>
    public TokenWrappedProvider(IKeyWrapper wrapper, ICryptoProvider token, TokenWrappedOptions options, TimeProvider clock)
    {
        options.Validate();
        (_wrapper, _token, _options, _clock) = (wrapper, token, options, clock);
        _folder = new WrappedKeyFolder(options.Folder);
    }

    public string Name => _options.Name;

    public KeyProtection Protection => KeyProtection.TokenWrapped;

    /// <summary>Where a key's secret comes from: chosen at random, but for tests that must know it.</summary>
    internal Action<Memory<byte>> Seed { get; init; } = static secret => RandomNumberGenerator.Fill(secret.Span);

    /// <summary>ML-DSA and SLH-DSA, but for the sets that the token has itself.</summary>
    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) =>
        PinnedKey.Supports(algorithm) && (_options.OfferWhatTheTokenHas || !_token.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Sign))
            ? KeyCapabilities.Generate | KeyCapabilities.Sign
            : KeyCapabilities.None;

    /// <summary>Generates a key; its file is durable when it is handed out. A crash before that leaves no key.</summary>
    /// <exception cref="InvalidOperationException">A key of that label exists already, or is being made; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The algorithm is neither ML-DSA nor SLH-DSA, or the token has it itself.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        KeyNaming.Validate(spec.Label);
        spec.RequireNoBackup();
        RequireOffered(spec.Algorithm);
        using var claim = _folder.Reserve(spec.Label);
        using var secret = new PinnedMemory(PinnedKey.SecretSize(spec.Algorithm));
        Seed(secret.Memory);
        // SLH-DSA's small sets take a while.
        var publicKey = await Task.Run(() => PublicKeyOf(spec.Algorithm, secret), cancellationToken);
        var file = new WrappedKeyFile(new(Name, spec.Label), spec.Purpose, _wrapper.Name, publicKey, default);
        file = file with { WrappedSecret = await _wrapper.WrapAsync(secret.Memory, file.AssociatedData(), cancellationToken) };
        // The token was reached just now: if it was away before, what it has is known since.
        RequireOffered(spec.Algorithm);
        var unwrapping = await OpenedAsync(file, cancellationToken);
        claim.Commit(file.Encode());
        return new TokenWrappedKey(unwrapping, _options.KeepUnwrapped, _clock);
    }

    /// <summary>Opens the key of that label, or null when there is none. The key is unwrapped once, so that what its file says of it is known to be true.</summary>
    /// <exception cref="WrappedKeyException">The file is damaged, was changed or swapped, or belongs to another token.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        KeyNaming.Validate(label);
        if (_folder.TryRead(label) is not { } file)
        {
            return null;
        }

        if (file.Reference != new KeyReference(Name, label))
        {
            throw new WrappedKeyException(
                $"The file {_folder.PathOf(label)} is that of key '{file.Reference.Label}' of '{file.Reference.Provider}' and stands in the place of '{label}' of '{Name}'. Give each file its own name back.");
        }

        return new TokenWrappedKey(await OpenedAsync(file, cancellationToken), _options.KeepUnwrapped, _clock);
    }

    /// <summary>In software: a public key needs no token.</summary>
    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Verifiers.Verify(key, algorithm, message, signature);

    /// <summary>Unwraps a key once, and keeps nothing of it.</summary>
    private async ValueTask<KeyUnwrapping> OpenedAsync(WrappedKeyFile file, CancellationToken cancellationToken)
    {
        var unwrapping = new KeyUnwrapping(_wrapper, file, _folder.PathOf(file.Reference.Label));
        (await unwrapping.OpenAsync(cancellationToken)).Dispose();
        return unwrapping;
    }

    private void RequireOffered(KeyAlgorithm algorithm)
    {
        if (CapabilitiesFor(algorithm) == KeyCapabilities.None)
        {
            throw new NotSupportedException(PinnedKey.Supports(algorithm) ? $"The token has {algorithm} itself: make the key there." : $"There are no wrapped {algorithm} keys, only ML-DSA and SLH-DSA.");
        }
    }

    private static PublicKey PublicKeyOf(KeyAlgorithm algorithm, PinnedMemory secret)
    {
        using var key = PinnedKey.Expand(algorithm, secret.GetSpan());
        return key.PublicKey();
    }
}
