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

    // Bound to its use: a wrapped key of another kind, put in its place, does not open.
    private static readonly byte[] AssociatedData = Encoding.ASCII.GetBytes("agentpki/tls-server/1");

    /// <summary>The kept key, or null when there is none yet or it does not open with this token.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public static async Task<SoftwareSigningKey?> TryReadAsync(ApplianceHome home, IKeyWrapper wrapper, CancellationToken cancellationToken)
    {
        if (!File.Exists(home.TlsKey))
        {
            return null;
        }

        byte[]? pkcs8 = null;
        try
        {
            pkcs8 = await wrapper.UnwrapAsync(await File.ReadAllBytesAsync(home.TlsKey, cancellationToken), AssociatedData, cancellationToken);
            return PlatformProvider.ImportPkcs8(Label, KeyPurpose.TlsServer, pkcs8);
        }
        catch (CryptographicException)
        {
            return null; // of another token, or damaged: a new key is made
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Makes a key and keeps it.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public static async Task<SoftwareSigningKey> CreateAsync(ApplianceHome home, IKeyWrapper wrapper, CancellationToken cancellationToken)
    {
        var key = (SoftwareSigningKey)await new PlatformProvider().GenerateAsync(new KeySpec(Label, KeyAlgorithm.EcdsaP256, KeyPurpose.TlsServer), cancellationToken);
        var pkcs8 = key.ExportPkcs8();
        try
        {
            PrivateFile.Write(home.TlsKey, await wrapper.WrapAsync(pkcs8, AssociatedData, cancellationToken));
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }
}
