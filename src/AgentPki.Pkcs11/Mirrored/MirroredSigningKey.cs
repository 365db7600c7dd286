using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>A key in two tokens. It is one key: both have its public half, or it is not used.</summary>
internal sealed class MirroredSigningKey(MirroredProvider tokens, string label, ISigningKey? inFirst, ILogger logger) : ISigningKey
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private ISigningKey? _first = inFirst;
    private ISigningKey? _second;
    private bool _secondLacksIt;
    private int _onSecond;

    public KeyReference Reference { get; } = new(tokens.Name, label);

    public KeyAlgorithm Algorithm => Known.Algorithm;

    public KeyPurpose Purpose => Known.Purpose;

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey => Known.PublicKey;

    private ISigningKey Known => _first ?? _second ?? throw new InvalidOperationException($"The key '{label}' is open in no token.");

    public async ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            var signature = await (await FirstAsync(cancellationToken)).SignAsync(algorithm, message, cancellationToken);
            if (Interlocked.Exchange(ref _onSecond, 0) != 0)
            {
                Log.FirstIsBack(logger, label, tokens.First.Name);
            }

            return signature;
        }
        catch (KeyUnavailableException away)
        {
            if (!await TryOpenSecondAsync(cancellationToken) || _second is not { } second)
            {
                throw;
            }

            if (Interlocked.Exchange(ref _onSecond, 1) == 0)
            {
                Log.SecondSigns(logger, label, tokens.Second.Name, away.Message);
            }

            return await second.SignAsync(algorithm, message, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_first is not null)
        {
            await _first.DisposeAsync();
        }

        if (_second is not null)
        {
            await _second.DisposeAsync();
        }

        _opening.Dispose();
    }

    /// <summary>False when the second token is away, or lacks the key.</summary>
    /// <exception cref="InvalidOperationException">It has another key of that label.</exception>
    internal async ValueTask<bool> TryOpenSecondAsync(CancellationToken cancellationToken)
    {
        if (_second is not null || _secondLacksIt)
        {
            return _second is not null;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            _second ??= await OpenAsync(tokens.Second, _first, cancellationToken);
            _secondLacksIt = _second is null;
            return _second is not null;
        }
        catch (KeyUnavailableException)
        {
            return false;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <exception cref="KeyUnavailableException">The first token is away.</exception>
    private async ValueTask<ISigningKey> FirstAsync(CancellationToken cancellationToken)
    {
        if (_first is { } open)
        {
            return open;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            return _first ??= await OpenAsync(tokens.First, _second, cancellationToken) ?? throw new KeyUnavailableException($"The token '{tokens.First.Name}' has no key '{label}'.", TimeSpan.FromMinutes(1));
        }
        finally
        {
            _opening.Release();
        }
    }

    private async ValueTask<ISigningKey?> OpenAsync(Pkcs11Provider token, ISigningKey? other, CancellationToken cancellationToken)
    {
        if (await token.OpenAsync(label, cancellationToken) is not { } opened)
        {
            return null;
        }

        if (other is null || opened.PublicKey.Equals(other.PublicKey))
        {
            return opened;
        }

        await opened.DisposeAsync();
        throw new InvalidOperationException($"The tokens '{tokens.First.Name}' and '{tokens.Second.Name}' have different keys under the label '{label}': one of them is not a copy. Remove the wrong one in a ceremony.");
    }
}
