using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;
using Microsoft.Extensions.Logging;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11;

/// <summary>Keys in a PKCS#11 token (v2.40 and later): generated there, never leaving it, signing there.</summary>
public sealed partial class Pkcs11Provider : ICryptoProvider, IAsyncDisposable
{
    private const string ProbeLabel = "probe";

    // A public key needs no token: verification and encapsulation are software's, which is several times faster and cannot be down.
    private static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());

    private readonly TokenPool _pool;
    private readonly SemaphoreSlim _generating = new(1, 1);
    private ISigningKey? _probe;

    private Pkcs11Provider(TokenPool pool) => _pool = pool;

    public string Name => $"pkcs11:{_pool.Options.Name}";

    public KeyProtection Protection => KeyProtection.Token;

    /// <summary>How the token and the way to it are.</summary>
    public TokenHealth Health => _pool.Health;

    /// <summary>False while callers are turned away.</summary>
    public bool IsHealthy => Health.IsAvailable;

    /// <summary>The same at the price of one read: for who asks before every signature.</summary>
    internal bool IsAvailable => _pool.IsAvailable;

    /// <summary>Whether the token answered at least once since it was opened.</summary>
    public bool WasReached => _pool.LastMechanisms is not null;

    /// <summary>Why the token is considered down; null while it is not.</summary>
    public string? DownReason => Health.Reason;

    /// <summary>
    /// Starts the session pool and tries the token once. A token that is down does not keep the appliance from starting: the breaker says so, and the
    /// pool finds it when it comes back.
    /// </summary>
    /// <exception cref="ArgumentException">The options are wrong; the message names the setting.</exception>
    public static Pkcs11Provider Open(Pkcs11Options options, TimeProvider time, ILogger logger)
    {
        var provider = new Pkcs11Provider(new TokenPool(options, time, logger));
        try
        {
            provider.ConnectAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (KeyUnavailableException e)
        {
            Log.NotReachedAtStart(logger, options.TokenLabel, e.Message);
        }

        return provider;
    }

    /// <summary>As <see cref="Open"/>, for those who have no use for a token that is down.</summary>
    /// <exception cref="ArgumentException">The options are wrong; the message names the setting.</exception>
    /// <exception cref="KeyUnavailableException">The token is not there or refuses; the message says why and what to do.</exception>
    public static async ValueTask<Pkcs11Provider> OpenAsync(Pkcs11Options options, TimeProvider time, ILogger<Pkcs11Provider> logger, CancellationToken cancellationToken)
    {
        var provider = new Pkcs11Provider(new TokenPool(options, time, logger));
        try
        {
            await provider.ConnectAsync(cancellationToken);
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>Signs something worthless with the probe key (made when there is none) and verifies it: for readiness and <c>doctor</c>.</summary>
    /// <exception cref="KeyUnavailableException">The token does not work; the message says why.</exception>
    public async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        var key = _probe ??= await OpenAsync(ProbeLabel, cancellationToken) ?? await GenerateAsync(new(ProbeLabel, ProbeAlgorithm(), KeyPurpose.Probe), cancellationToken);
        var message = RandomNumberGenerator.GetBytes(32);
        var signature = await key.SignAsync(key.Algorithm.DefaultSignature, message, cancellationToken);
        if (!Verify(key.PublicKey, key.Algorithm.DefaultSignature, message, signature))
        {
            throw new KeyUnavailableException(
                $"The token '{_pool.Options.TokenLabel}' made a signature that does not verify. Take it out of service until its maker has explained why.", _pool.Options.BreakerLongestPause);
        }
    }

    /// <summary>From <c>token.yaml</c> and what the token itself lists. Nothing before the token was reached for the first time.</summary>
    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm)
    {
        if (_pool.LastMechanisms is not { } mechanisms)
        {
            return KeyCapabilities.None;
        }

        if (algorithm.CanEncapsulate)
        {
            return EncapsulationCapabilities(algorithm, mechanisms);
        }

        var token = _pool.Options.Token;
        var signs = token.Signatures.Values.Any(s => s.Algorithm.Fits(algorithm) && mechanisms.Contains(s.Mechanism)) && token.Keys.ContainsKey(algorithm);
        var generates = signs && mechanisms.Contains(token.Keys[algorithm].Generate);
        return (signs ? KeyCapabilities.Sign : KeyCapabilities.None) | (generates ? KeyCapabilities.Generate : KeyCapabilities.None);
    }

    public async ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) =>
        KeyRoles.RoleOf(spec.Algorithm, spec.Purpose) == KeyRole.Sign
            ? Key(spec.Label, spec.Purpose, await GenerateKeyAsync(spec, cancellationToken))
            : throw new NotSupportedException($"A key of kind {spec.Algorithm} for {spec.Purpose} signs nothing; it is generated to receive secrets.");

    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        var opened = await OpenKeyAsync(label, cancellationToken);
        return opened.PublicKey is { } publicKey && KeyRoles.RoleOf(publicKey.Algorithm, opened.Purpose) == KeyRole.Sign ? Key(label, opened.Purpose, publicKey) : null;
    }

    /// <summary>The AES-256 key of that label that wraps secrets, generated when there is none.</summary>
    /// <exception cref="NotSupportedException">The token has no authenticated encryption (wrapping: in token.yaml).</exception>
    public async ValueTask<Pkcs11KeyWrapper> OpenWrapperAsync(string label, CancellationToken cancellationToken) =>
        await OpenWrapperAsync(label, generate: true, cancellationToken) ?? throw new InvalidOperationException("A wrapping key was neither found nor generated.");

    /// <summary>The same where that key is there already; null where it is not.</summary>
    /// <exception cref="NotSupportedException">The token has no authenticated encryption (wrapping: in token.yaml).</exception>
    public ValueTask<Pkcs11KeyWrapper?> FindWrapperAsync(string label, CancellationToken cancellationToken) => OpenWrapperAsync(label, generate: false, cancellationToken);

    /// <summary>In software: a public key needs no token.</summary>
    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Software.Verify(key, algorithm, message, signature);

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        _generating.Dispose();
    }

    private async ValueTask<Pkcs11KeyWrapper?> OpenWrapperAsync(string label, bool generate, CancellationToken cancellationToken)
    {
        KeyNaming.Validate(label);
        var mechanism = _pool.Options.Token.WrappingMechanism
            ?? throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' has no authenticated encryption (wrapping: in token.yaml).");
        await _generating.WaitAsync(cancellationToken);
        try
        {
            var key = new TokenObject(CKO.CKO_SECRET_KEY, KeyNaming.Id(label), $"wrapping key '{label}'");
            return await _pool.RunAsync(new EnsureWrappingKeyOperation(key, label, generate, _pool.Options.CallDeadline), cancellationToken) ? new Pkcs11KeyWrapper(_pool, key, mechanism) : null;
        }
        finally
        {
            _generating.Release();
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _pool.RunAsync(new ConnectOperation(_pool.Options.CallDeadline), cancellationToken);
        }
        catch (Errors.TokenCallException e)
        {
            throw new KeyUnavailableException(e.Message, _pool.Options.BreakerLongestPause, e);
        }
    }

    private async Task<PublicKey> GenerateKeyAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        KeyNaming.Validate(spec.Label);
        if (spec.Purpose != KeyPurpose.CompositeHalf && KeyAlgorithm.HalvesOnly.Contains(spec.Algorithm))
        {
            throw new ArgumentException($"Keys of kind {spec.Algorithm} are halves of composite keys and nothing else.", nameof(spec));
        }

        if (!_pool.Options.Token.Keys.TryGetValue(spec.Algorithm, out var use))
        {
            throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' makes no {spec.Algorithm} keys (keys: in token.yaml).");
        }

        RequireOffered(spec);
        await _generating.WaitAsync(cancellationToken);
        try
        {
            return await _pool.RunAsync(new GenerateKeyOperation(spec, use, _pool.Options.Token.Keys.Values, _pool.Options.GenerationDeadline), cancellationToken);
        }
        finally
        {
            _generating.Release();
        }
    }

    private Task<OpenedKey> OpenKeyAsync(string label, CancellationToken cancellationToken)
    {
        KeyNaming.Validate(label);
        return _pool.RunAsync(new OpenKeyOperation(Object(label), label, _pool.Options.Token.Keys.Values, _pool.Options.CallDeadline), cancellationToken);
    }

    /// <summary>The first kind of key in preference that this token makes.</summary>
    private KeyAlgorithm ProbeAlgorithm() =>
        KeyAlgorithm.All.FirstOrDefault(a => CapabilitiesFor(a).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign))
        ?? throw new KeyUnavailableException($"The token '{_pool.Options.TokenLabel}' makes no kind of key that token.yaml and this build know.", _pool.Options.BreakerLongestPause);

    private static TokenObject Object(string label) => new(CKO.CKO_PRIVATE_KEY, KeyNaming.Id(label), $"private key '{label}'");

    private Pkcs11SigningKey Key(string label, KeyPurpose purpose, PublicKey publicKey) => new(_pool, new(Name, label), Object(label), purpose, publicKey);
}
