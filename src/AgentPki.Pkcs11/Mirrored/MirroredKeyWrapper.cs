using System.Security.Cryptography;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>
/// Wraps under a key of the first token, and while that is away under the second's own: these are two keys, which no ceremony copies, so that what the one wrapped only the one opens.
/// Meant for what can be made again (the TLS key) and for what can wait until the first is back.
/// </summary>
/// <param name="label">Of each token's wrapping key, which is made when it is first needed.</param>
public sealed class MirroredKeyWrapper(Pkcs11Provider first, Pkcs11Provider second, string label) : IKeyWrapper
{
    private Pkcs11KeyWrapper? _first;
    private Pkcs11KeyWrapper? _second;

    public string Name => _first?.Name ?? _second?.Name ?? $"token '{MirroredProvider.ShortName(first)}' or '{MirroredProvider.ShortName(second)}', '{label}'";

    /// <summary>Opens the key of the one that is there.</summary>
    /// <exception cref="NotSupportedException">The first has no authenticated encryption.</exception>
    /// <exception cref="KeyUnavailableException">The first is away, and the second is too or wraps nothing.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FirstAsync(cancellationToken);
        }
        catch (KeyUnavailableException)
        {
            if (await SecondAsync(cancellationToken) is null)
            {
                throw;
            }
        }
    }

    public async ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        try
        {
            return await (await FirstAsync(cancellationToken)).WrapAsync(plaintext, associatedData, cancellationToken);
        }
        catch (KeyUnavailableException)
        {
            if (await SecondAsync(cancellationToken) is not { } other)
            {
                throw;
            }

            return await other.WrapAsync(plaintext, associatedData, cancellationToken);
        }
    }

    public async ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        try
        {
            return await (await FirstAsync(cancellationToken)).UnwrapAsync(wrapped, associatedData, cancellationToken);
        }
        catch (Exception error) when (error is KeyUnavailableException or CryptographicException)
        {
            // Wrapped by the second while the first was away, or not to be had until the first is back.
            if (await TryUnwrapInSecondAsync(wrapped, associatedData, cancellationToken) is { } plaintext)
            {
                return plaintext;
            }

            throw;
        }
    }

    private async ValueTask<byte[]?> TryUnwrapInSecondAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        try
        {
            return await SecondAsync(cancellationToken) is { } other ? await other.UnwrapAsync(wrapped, associatedData, cancellationToken) : null;
        }
        catch (Exception error) when (error is KeyUnavailableException or CryptographicException)
        {
            return null;
        }
    }

    private async ValueTask<Pkcs11KeyWrapper> FirstAsync(CancellationToken cancellationToken) => _first ??= await first.OpenWrapperAsync(label, cancellationToken);

    /// <summary>Null: the second has no authenticated encryption, or is away too.</summary>
    private async ValueTask<Pkcs11KeyWrapper?> SecondAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _second ??= await second.OpenWrapperAsync(label, cancellationToken);
        }
        catch (Exception error) when (error is NotSupportedException or KeyUnavailableException)
        {
            return null;
        }
    }
}
