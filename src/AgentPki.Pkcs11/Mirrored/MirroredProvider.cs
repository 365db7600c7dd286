using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>
/// One token, and a second that has some of its keys too (put there by a ceremony: <see cref="KeyBackup.Wrapped"/>). The first makes keys and signs; while it is away, the second
/// signs with the keys that it has.
/// </summary>
public sealed class MirroredProvider(Pkcs11Provider first, Pkcs11Provider second, TimeProvider time, ILogger logger) : IKeyEncapsulationProvider, IDisposable
{
    private readonly MirrorMetrics _metrics = new(ShortName(first));

    /// <summary>The token that makes keys.</summary>
    public Pkcs11Provider First { get; } = first;

    /// <summary>The token that signs while the first is away.</summary>
    public Pkcs11Provider Second { get; } = second;

    /// <summary>How many keys the second signs with now.</summary>
    public int KeysOnSecond => _metrics.OnSecond;

    /// <summary>Keys are known by the first: which of the two signs is nobody's business.</summary>
    public string Name => First.Name;

    public KeyProtection Protection => KeyProtection.Token;

    internal TimeProvider Time => time;

    internal ILogger Logger => logger;

    internal MirrorMetrics Metrics => _metrics;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => First.CapabilitiesFor(algorithm);

    /// <summary>In the first token alone: a key gets into the second by a ceremony.</summary>
    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken) => First.GenerateAsync(spec, cancellationToken);

    /// <summary>Opens the key in both tokens, or in the one that is there; what is away is opened when it comes back.</summary>
    /// <exception cref="InvalidOperationException">The second token has another key of that label: it is no copy.</exception>
    /// <exception cref="KeyUnavailableException">The first token is away, and the second is too or lacks the key.</exception>
    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        ISigningKey? inFirst;
        try
        {
            inFirst = await First.OpenAsync(label, cancellationToken);
        }
        catch (KeyUnavailableException away)
        {
            if (await OpenInSecondAsync(label, away, cancellationToken) is { } key)
            {
                return key;
            }

            throw;
        }

        // A helper's key is each token's own, even where the labels are the same.
        if (inFirst is null || IsMadeAnew(inFirst.Purpose))
        {
            return inFirst;
        }

        var opened = new MirroredSigningKey(this, label, inFirst, null);
        try
        {
            await opened.OpenSecondAsync(refusesAnother: true, cancellationToken);
            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => First.Verify(key, algorithm, message, signature);

    public ValueTask<IDecapsulationKey> GenerateDecapsulationKeyAsync(KeySpec spec, CancellationToken cancellationToken) => First.GenerateDecapsulationKeyAsync(spec, cancellationToken);

    public ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken) => First.OpenDecapsulationKeyAsync(label, cancellationToken);

    public ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken) => First.EncapsulateAsync(key, cancellationToken);

    public void Dispose() => _metrics.Dispose();

    internal static string ShortName(Pkcs11Provider token) => token.Name[(token.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];

    internal string WhyNotTheSame(string label) =>
        $"The tokens '{ShortName(First)}' and '{ShortName(Second)}' have different keys under the label '{label}': one of them is no copy. Remove the wrong one in a ceremony (key-destroy).";

    /// <summary>Keys that are made again where one is wanted, each with a certificate of its own: no ceremony copies them.</summary>
    private static bool IsMadeAnew(KeyPurpose purpose) => purpose is KeyPurpose.OcspResponder or KeyPurpose.CmsSigner or KeyPurpose.RevocationFeed or KeyPurpose.AccessTokens or KeyPurpose.DecisionReceipt or KeyPurpose.Probe;

    /// <summary>Null: the second lacks it.</summary>
    /// <exception cref="KeyUnavailableException">The second is away too.</exception>
    private async ValueTask<ISigningKey?> OpenInSecondAsync(string label, KeyUnavailableException away, CancellationToken cancellationToken)
    {
        ISigningKey? inSecond;
        try
        {
            inSecond = await Second.OpenAsync(label, cancellationToken);
        }
        catch (KeyUnavailableException alsoAway)
        {
            throw new KeyUnavailableException($"{away.Message} {alsoAway.Message}", away.RetryAfter < alsoAway.RetryAfter ? away.RetryAfter : alsoAway.RetryAfter, away);
        }

        if (inSecond is null || IsMadeAnew(inSecond.Purpose))
        {
            return null;
        }

        var opened = new MirroredSigningKey(this, label, null, inSecond);
        opened.TakeSecond(away);
        return opened;
    }
}
