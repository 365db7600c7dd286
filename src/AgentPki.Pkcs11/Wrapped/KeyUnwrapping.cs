using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>From a key's file to the key in pinned memory: the one place where a wrapped secret is opened.</summary>
internal sealed class KeyUnwrapping(IKeyWrapper wrapper, WrappedKeyFile file, string path)
{
    private readonly byte[] _associatedData = file.AssociatedData();

    public WrappedKeyFile File => file;

    /// <summary>The key in pinned memory; the caller disposes it.</summary>
    /// <exception cref="WrappedKeyException">The file was changed, or belongs to another token.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<PinnedKey> OpenAsync(CancellationToken cancellationToken)
    {
        var secret = await DecryptAsync(cancellationToken);
        try
        {
            return PinnedKey.Expand(file.PublicKey.Algorithm, secret, file.PublicKey.KeyBits.Span);
        }
        catch (ArgumentException e)
        {
            throw new WrappedKeyException($"The wrapped key '{file.Reference.Label}' ({path}) holds a secret that is not its public key's: it was not made by this appliance. Restore it from its backup.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private async ValueTask<byte[]> DecryptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await wrapper.UnwrapAsync(file.WrappedSecret, _associatedData, cancellationToken);
        }
        catch (CryptographicException e) when (e is not WrappedKeyException)
        {
            throw new WrappedKeyException(
                file.WrappedBy == wrapper.Name
                    ? $"The wrapped key '{file.Reference.Label}' ({path}) was changed, or is another key's secret, or the token's wrapping key was made anew. Restore the file from its backup."
                    : $"The wrapped key '{file.Reference.Label}' ({path}) was wrapped by {file.WrappedBy} and does not open with {wrapper.Name}. Bring back that token.",
                e);
        }
    }
}
