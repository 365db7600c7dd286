using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>A private key that lies wrapped under a key of a token, and is in pinned memory while it signs, or for as long as its policy says.</summary>
internal sealed class TokenWrappedKey(KeyUnwrapping unwrapping, TimeSpan keepUnwrapped, TimeProvider clock) : ISigningKey
{
#pragma warning disable CA2213 // Nobody asks for its wait handle, so that it holds nothing; a signature that still waits must find it.
    private readonly SemaphoreSlim _opening = new(1, 1);
#pragma warning restore CA2213
    private readonly Lock _gate = new();
    private OpenKey? _open;
    private ITimer? _expiry;
    private bool _disposed;

    public KeyReference Reference => unwrapping.File.Reference;

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose => unwrapping.File.Purpose;

    public KeyProtection Protection => KeyProtection.TokenWrapped;

    public PublicKey PublicKey => unwrapping.File.PublicKey;

    /// <summary>Whether the key lies unwrapped in memory now.</summary>
    internal bool IsOpen => Volatile.Read(ref _open) is not null;

    /// <exception cref="WrappedKeyException">The token opens the wrapped key no more: it is another token now.</exception>
    public async ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SigningRules.Check(this, algorithm);
        if (keepUnwrapped == TimeSpan.Zero)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
            using var once = await unwrapping.OpenAsync(cancellationToken);
            return await SignWithAsync(once, algorithm, message);
        }

        var kept = await BorrowAsync(cancellationToken);
        try
        {
            return await SignWithAsync(kept.Key, algorithm, message);
        }
        finally
        {
            kept.GiveBack();
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        Forget();
        return ValueTask.CompletedTask;
    }

    /// <summary>Once begun, a signature is finished. A millisecond is the caller's; what takes longer is not kept on its thread.</summary>
    private static async ValueTask<byte[]> SignWithAsync(PinnedKey key, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message) =>
        algorithm.Family == AlgorithmFamily.SlhDsa
            ? await Task.Run(() => key.Sign(message.Span, algorithm.Context.Span))
            : key.Sign(message.Span, algorithm.Context.Span);

    private async ValueTask<OpenKey> BorrowAsync(CancellationToken cancellationToken)
    {
        if (TryBorrow() is { } kept)
        {
            return kept;
        }

        // Many may want it at once; the token is asked once.
        await _opening.WaitAsync(cancellationToken);
        try
        {
            return TryBorrow() ?? Keep(new OpenKey(await unwrapping.OpenAsync(cancellationToken)));
        }
        finally
        {
            _opening.Release();
        }
    }

    private OpenKey? TryBorrow()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _open?.Borrow();
            return _open;
        }
    }

    /// <summary>Keeps a key, borrowed once by the caller, until its time is over.</summary>
    private OpenKey Keep(OpenKey key)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                key.GiveBack();
                ObjectDisposedException.ThrowIf(_disposed, this);
            }

            key.Borrow();
            _open = key;
            _expiry?.Dispose();
            _expiry = clock.CreateTimer(static key => ((TokenWrappedKey)key!).Forget(), this, keepUnwrapped, Timeout.InfiniteTimeSpan);
            return key;
        }
    }

    private void Forget()
    {
        lock (_gate)
        {
            _open?.GiveBack();
            _open = null;
            _expiry?.Dispose();
            _expiry = null;
        }
    }

    /// <summary>An unwrapped key and who uses it: zeroized when the last has given it back.</summary>
    private sealed class OpenKey(PinnedKey key)
    {
        private int _users = 1;

        public PinnedKey Key => key;

        public void Borrow() => Interlocked.Increment(ref _users);

        public void GiveBack()
        {
            if (Interlocked.Decrement(ref _users) == 0)
            {
                key.Dispose();
            }
        }
    }
}
