using System.Collections.Frozen;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11.Sessions;
using Microsoft.Extensions.Logging;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11;

/// <summary>
/// Keys that live in a PKCS#11 token. Verification is left to the software providers: a public key needs no hardware, and a token is slower at it.
/// </summary>
public sealed class Pkcs11Provider : ICryptoProvider, IAsyncDisposable
{
    private readonly Pkcs11Options _options;
    private static readonly PlatformProvider Verifier = new();
    private readonly TokenPool _pool;
    private ISigningKey? _probe;
    private FrozenSet<CKM> _mechanisms = [];

    private Pkcs11Provider(Pkcs11Options options, TokenPool pool) => (_options, _pool) = (options, pool);

    public string Name => "pkcs11:" + _options.Name;

    public KeyProtection Protection => KeyProtection.Token;

    /// <summary>True while the breaker lets everybody through.</summary>
    public bool IsHealthy => _pool.Breaker.State == BreakerState.Closed;

    /// <summary>Why the token is considered down; null while it is not.</summary>
    public string? DownReason => _pool.Breaker.State == BreakerState.Closed ? null : _pool.Breaker.Reason;

    /// <summary>Loads the module, finds the token by its label, logs in, and asks which mechanisms it has.</summary>
    /// <exception cref="ArgumentException">The options are wrong.</exception>
    /// <exception cref="KeyUnavailableException">The token is not there or refuses; the message says why and what to do.</exception>
    public static async ValueTask<Pkcs11Provider> OpenAsync(Pkcs11Options options, TimeProvider time, ILogger<Pkcs11Provider> logger, CancellationToken cancellationToken)
    {
        options.Validate();
        var pool = new TokenPool(options, time, logger);
        var provider = new Pkcs11Provider(options, pool);
        try
        {
            provider._mechanisms = await pool.RunAsync("C_GetMechanismList", s => s.Connection.Mechanisms(), cancellationToken);
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) =>
        _mechanisms.Contains(TokenKeys.Generation(algorithm)) && UseFor(algorithm.DefaultSignature) is not null ? KeyCapabilities.Generate | KeyCapabilities.Sign : KeyCapabilities.None;

    public async ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        if ((CapabilitiesFor(spec.Algorithm) & KeyCapabilities.Generate) == 0)
        {
            throw new NotSupportedException($"The token '{_options.TokenLabel}' cannot generate {spec.Algorithm} keys.");
        }

        var tokenLabel = TokenKeyLabel.Of(spec.Purpose, spec.Label);
        var operation = $"C_GenerateKeyPair({Mechanisms.NewerMechanisms.NameOf(TokenKeys.Generation(spec.Algorithm))}, {spec.Algorithm}, sensitive, not extractable)";
        var publicKey = await _pool.RunAsync(operation, s => Generate(s, spec, tokenLabel), cancellationToken);
        return new Pkcs11SigningKey(this, _pool, new(Name, spec.Label), spec.Purpose, publicKey);
    }

    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        var found = await _pool.RunAsync("C_FindObjects(private key)", s => Find(s, label), cancellationToken);
        return found is { } key ? new Pkcs11SigningKey(this, _pool, new(Name, label), key.Purpose, key.PublicKey) : null;
    }

    /// <summary>Not here: see the class.</summary>
    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => false;

    /// <summary>Signs something worthless with the probe key (made when there is none) and verifies it.</summary>
    /// <exception cref="KeyUnavailableException">The token does not work.</exception>
    public async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        const string label = "health";
        var message = "agentpki probe"u8.ToArray();
        _probe ??= await OpenAsync(label, cancellationToken) ?? await GenerateAsync(new(label, KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), cancellationToken);
        var signature = await _probe.SignAsync(SignatureAlgorithm.EcdsaSha256, message, cancellationToken);
        if (!Verifier.Verify(_probe.PublicKey, SignatureAlgorithm.EcdsaSha256, message, signature))
        {
            throw new KeyUnavailableException($"The token '{_options.TokenLabel}' made a signature that does not verify. Do not use it before its maker has explained why.", TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>Encrypts small secrets under an AES key of this token, which is made when there is none.</summary>
    public async ValueTask<Pkcs11KeyWrapper> OpenWrapperAsync(string label, CancellationToken cancellationToken) =>
        await Pkcs11KeyWrapper.OpenAsync(_pool, _options.Token, label, cancellationToken);

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    internal Mechanisms.MechanismUse? UseFor(SignatureAlgorithm algorithm) =>
        _options.Token.Mechanisms.TryGetValue(algorithm.Name, out var use) && _mechanisms.Contains(use.Mechanism) ? use : null;

    private PublicKey Generate(TokenSession session, KeySpec spec, string tokenLabel)
    {
        if (Find(session, spec.Label) is not null)
        {
            throw new InvalidOperationException($"The token holds a key labelled '{spec.Label}' already.");
        }

        var id = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16);
        var (publicHandle, privateHandle) = TokenKeys.Generate(session, spec.Algorithm, tokenLabel, id, _options.Token);
        if (!TokenKeys.IsProtected(session, privateHandle))
        {
            session.Raw.DestroyObject(privateHandle);
            session.Raw.DestroyObject(publicHandle);
            throw new NotSupportedException("The token made a key that can leave it (CKA_SENSITIVE or CKA_EXTRACTABLE is not what was asked). The key was destroyed.");
        }

        return TokenKeys.ReadPublicKey(session, publicHandle);
    }

    private static (KeyPurpose Purpose, PublicKey PublicKey)? Find(TokenSession session, string label)
    {
        foreach (var purpose in Enum.GetValues<KeyPurpose>())
        {
            var tokenLabel = TokenKeyLabel.Of(purpose, label);
            if (session.Find(CKO.CKO_PRIVATE_KEY, tokenLabel) is null)
            {
                continue;
            }

            var publicHandle = session.Find(CKO.CKO_PUBLIC_KEY, tokenLabel)
                ?? throw new InvalidOperationException($"The token holds the private key '{tokenLabel}' but not its public key.");
            return (purpose, TokenKeys.ReadPublicKey(session, publicHandle));
        }

        return null;
    }
}
