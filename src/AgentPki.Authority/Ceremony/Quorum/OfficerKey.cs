using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>What an officer holds himself: a key that signs statements and one that opens envelopes, in a file under a passphrase (<see cref="OfficerKeyFile"/>) or on a PKCS#11 card.</summary>
public sealed class OfficerKey : IAsyncDisposable
{
    private readonly ISigningKey _signing;
    private readonly Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]?>> _open;
    private readonly Func<ValueTask> _dispose;

    /// <param name="open">Opens a CMS envelope with the receiving key: its content, or null when it is not for that key.</param>
    /// <param name="dispose">Ends the receiving key.</param>
    /// <exception cref="ArgumentException">The signing key is not the officer's.</exception>
    public OfficerKey(Officer officer, ISigningKey signing, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]?>> open, Func<ValueTask> dispose)
    {
        if (!signing.PublicKey.Equals(officer.SigningKey))
        {
            throw new ArgumentException($"That key is not the one of officer {officer.Name}.", nameof(signing));
        }

        (Officer, _signing, _open, _dispose) = (officer, signing, open, dispose);
    }

    public Officer Officer { get; }

    /// <summary>A statement of this officer, under his signature.</summary>
    /// <exception cref="KeyUnavailableException">The key cannot be used now.</exception>
    public async ValueTask<SignedStatement> SignAsync(OfficerStatement statement, CancellationToken cancellationToken)
    {
        var text = statement.ToSheet(Officer).Encode();
        return new SignedStatement(text, await _signing.SignAsync(_signing.Algorithm.DefaultSignature, text, cancellationToken));
    }

    /// <summary>The content of a CMS envelope for this officer, which the caller zeroizes; null when it does not open.</summary>
    /// <exception cref="KeyUnavailableException">The key cannot be used now.</exception>
    public ValueTask<byte[]?> OpenAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken) => _open(envelope, cancellationToken);

    /// <summary>The same key, which ends something more when it ends: the connection to its card.</summary>
    public OfficerKey Owning(Func<ValueTask> more) => new(Officer, _signing, _open, async () =>
    {
        await _dispose();
        await more();
    });

    public async ValueTask DisposeAsync()
    {
        await _signing.DisposeAsync();
        await _dispose();
    }
}
