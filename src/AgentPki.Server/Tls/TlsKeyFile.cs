using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Server.Home;

namespace AgentPki.Server.Tls;

/// <summary>
/// The appliance's TLS key: made in memory, kept on disk only encrypted under a non-extractable key of the token (protection level
/// <c>token-wrapped</c>). A handshake per connection is more than a token should carry.
/// </summary>
public static class TlsKeyFile
{
    private const string Label = "tls-server";

    /// <summary>The kept key, or null when there is none yet or it does not open with this token, or with none that is there now.</summary>
    public static async Task<SoftwareSigningKey?> TryReadAsync(TlsSlot slot, IKeyWrapper wrapper, CancellationToken cancellationToken)
    {
        if (!File.Exists(slot.KeyFile))
        {
            return null;
        }

        byte[]? pkcs8 = null;
        try
        {
            pkcs8 = await wrapper.UnwrapAsync(await File.ReadAllBytesAsync(slot.KeyFile, cancellationToken), AssociatedData(slot), cancellationToken);
            return PlatformProvider.ImportPkcs8(Label, KeyPurpose.TlsServer, pkcs8) is { } key && key.Algorithm == slot.Algorithm ? key : null;
        }
        catch (Exception error) when (error is CryptographicException or KeyUnavailableException)
        {
            return null; // of another token, or damaged, or of one that is away: a new key is made, if one can be
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Makes a key and keeps it.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public static async Task<SoftwareSigningKey> CreateAsync(TlsSlot slot, IKeyWrapper wrapper, CancellationToken cancellationToken)
    {
        var key = (SoftwareSigningKey)await new PlatformProvider().GenerateAsync(new KeySpec(Label, slot.Algorithm, KeyPurpose.TlsServer), cancellationToken);
        var pkcs8 = key.ExportPkcs8();
        try
        {
            PrivateFile.Write(slot.KeyFile, await wrapper.WrapAsync(pkcs8, AssociatedData(slot), cancellationToken));
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    // Bound to its use: a wrapped key of another kind, put in its place, does not open.
    private static byte[] AssociatedData(TlsSlot slot) => Encoding.ASCII.GetBytes(slot.Purpose);
}
