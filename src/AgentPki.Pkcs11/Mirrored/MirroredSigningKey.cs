using System.Runtime.CompilerServices;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>
/// A key in two tokens. It is one key: both have its public half, or the second is not used. While all is well it costs one read more than a key in one token: no lock, no timer, and
/// the state of a waiting signature is pooled.
/// </summary>
internal sealed class MirroredSigningKey : ISigningKey
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private readonly MirroredProvider _tokens;
    private readonly string _label;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile ISigningKey? _first;
    private volatile ISigningKey? _second;
    private volatile bool _secondLacksIt;
    private int _onSecond;
    private long _tryFirstAt;

    /// <param name="first">Open in the first token; null while that is away.</param>
    /// <param name="second">Open in the second; null: not looked for yet.</param>
    public MirroredSigningKey(MirroredProvider tokens, string label, ISigningKey? first, ISigningKey? second)
    {
        (_tokens, _label, _first, _second) = (tokens, label, first, second);
        var known = first ?? second ?? throw new ArgumentException("A key that is open in neither token is none.", nameof(first));
        (Reference, PublicKey, Purpose) = (new(tokens.Name, label), known.PublicKey, known.Purpose);
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey { get; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _onSecond) != 0 && !IsTimeForFirst())
        {
            try
            {
                return await SignInSecondAsync(algorithm, message, cancellationToken);
            }
            catch (KeyUnavailableException)
            {
                // Then the first after all, time or not.
            }
        }

        try
        {
            var signature = await (_first ?? await OpenFirstAsync(cancellationToken)).SignAsync(algorithm, message, cancellationToken);
            if (Volatile.Read(ref _onSecond) != 0)
            {
                TakeFirst();
            }

            return signature;
        }
        catch (KeyUnavailableException away)
        {
            // What the caller did wrong (ArgumentException, NotSupportedException, TokenCallException) the second would refuse too: it is not asked.
            if (!await OpenSecondAsync(refusesAnother: false, cancellationToken))
            {
                throw;
            }

            TakeSecond(away);
            return await SignInSecondAsync(algorithm, message, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _onSecond, 0) != 0)
        {
            _tokens.Metrics.Closed();
        }

        if (_first is { } first)
        {
            await first.DisposeAsync();
        }

        if (_second is { } second)
        {
            await second.DisposeAsync();
        }

        _opening.Dispose();
    }

    /// <summary>False when the second token is away, lacks the key, or came back with another one.</summary>
    /// <param name="refusesAnother">Whether another key of that label is an error, or none at all: somebody waits for a signature then, which the first may make again.</param>
    /// <exception cref="InvalidOperationException">It has another key of that label.</exception>
    internal async ValueTask<bool> OpenSecondAsync(bool refusesAnother, CancellationToken cancellationToken)
    {
        if (_second is not null || _secondLacksIt)
        {
            return _second is not null;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_second is null && !_secondLacksIt)
            {
                _second = await OpenAsync(_tokens.Second, cancellationToken);
                if (_second is null)
                {
                    _secondLacksIt = true;
                    Log.SecondLacksKey(_tokens.Logger, _label, MirroredProvider.ShortName(_tokens.Second), MirroredProvider.ShortName(_tokens.First));
                }
            }

            return _second is not null;
        }
        catch (KeyUnavailableException)
        {
            return false;
        }
        catch (InvalidOperationException other) when (!refusesAnother && other is not ObjectDisposedException)
        {
            _secondLacksIt = true;
            Log.NotTheSameKey(_tokens.Logger, other.Message);
            return false;
        }
        finally
        {
            _opening.Release();
        }
    }

    internal void TakeSecond(KeyUnavailableException away)
    {
        var pause = away.RetryAfter > ShortestPause ? away.RetryAfter : ShortestPause;
        Volatile.Write(ref _tryFirstAt, _tokens.Time.GetTimestamp() + (long)(pause.TotalSeconds * _tokens.Time.TimestampFrequency));
        if (Interlocked.Exchange(ref _onSecond, 1) == 0)
        {
            _tokens.Metrics.TookSecond();
            Log.SecondSigns(_tokens.Logger, _label, MirroredProvider.ShortName(_tokens.Second), MirroredProvider.ShortName(_tokens.First), away.Message);
        }
    }

    private void TakeFirst()
    {
        if (Interlocked.Exchange(ref _onSecond, 0) != 0)
        {
            _tokens.Metrics.TookFirst();
            Log.FirstIsBack(_tokens.Logger, _label, MirroredProvider.ShortName(_tokens.First));
        }
    }

    /// <summary>When its pause is over and its own pool has found the token again: then one signature tries it, and the others follow when it was made.</summary>
    private bool IsTimeForFirst()
    {
        var (now, at) = (_tokens.Time.GetTimestamp(), Volatile.Read(ref _tryFirstAt));
        return now >= at && _tokens.First.IsAvailable && Interlocked.CompareExchange(ref _tryFirstAt, now + _tokens.Time.TimestampFrequency, at) == at;
    }

    private ValueTask<byte[]> SignInSecondAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        (_second ?? throw new InvalidOperationException($"The key '{_label}' is not open in the second token.")).SignAsync(algorithm, message, cancellationToken);

    /// <exception cref="KeyUnavailableException">The first token is away, lacks the key, or came back with another one.</exception>
    private async ValueTask<ISigningKey> OpenFirstAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            return _first ??= await OpenAsync(_tokens.First, cancellationToken)
                ?? throw new KeyUnavailableException($"The token '{MirroredProvider.ShortName(_tokens.First)}' has no key '{_label}'.", TimeSpan.FromMinutes(1));
        }
        catch (InvalidOperationException other) when (other is not ObjectDisposedException)
        {
            Log.NotTheSameKey(_tokens.Logger, other.Message);
            throw new KeyUnavailableException(other.Message, TimeSpan.FromMinutes(1), other);
        }
        finally
        {
            _opening.Release();
        }
    }

    private async ValueTask<ISigningKey?> OpenAsync(Pkcs11Provider token, CancellationToken cancellationToken)
    {
        if (await token.OpenAsync(_label, cancellationToken) is not { } opened)
        {
            return null;
        }

        if (opened.PublicKey.Equals(PublicKey) && opened.Purpose == Purpose)
        {
            return opened;
        }

        await opened.DisposeAsync();
        throw new InvalidOperationException(_tokens.WhyNotTheSame(_label));
    }
}
