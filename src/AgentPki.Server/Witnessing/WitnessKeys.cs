using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Witnessing;

/// <summary>
/// A witness's keys, open: Ed25519, which all readers know, and ML-DSA-44 where it can be had. In a token, or in files of the home: a witness is believed together with
/// others, so that software will do where it is shown as what it is.
/// </summary>
public sealed class WitnessKeys : IAsyncDisposable
{
    private static readonly KeyAlgorithm[] Kinds = [KeyAlgorithm.Ed25519, KeyAlgorithm.MlDsa44];
    private readonly Pkcs11Provider? _token;

    private WitnessKeys(IReadOnlyList<ISigningKey> all, Pkcs11Provider? token) => (All, _token) = (all, token);

    public IReadOnlyList<ISigningKey> All { get; }

    /// <summary>Opens what is there; with <paramref name="make"/>, makes what is not.</summary>
    /// <exception cref="CommandException">There is no key, or it cannot be opened.</exception>
    public static async Task<WitnessKeys> OpenAsync(WitnessHome home, WitnessOptions options, bool make, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var keys = new List<ISigningKey>();
        if (options.Token is null)
        {
            foreach (var kind in Kinds)
            {
                keys.AddRange(await OpenFileAsync(home, kind, make, cancellationToken) is { } key ? [key] : Array.Empty<ISigningKey>());
            }

            return Checked(new WitnessKeys(keys, null), home);
        }

        var place = new ApplianceHome(home.Root);
        var token = await TokenAccess.OpenAsync(TokenAccess.OptionsOf(home.Root, options.Token, new PinInFile(place.Resolve(options.Token.PinFile))), clock, loggers, cancellationToken);
        try
        {
            foreach (var kind in Kinds)
            {
                keys.AddRange(await OpenInTokenAsync(token, kind, make, cancellationToken) is { } key ? [key] : Array.Empty<ISigningKey>());
            }

            return Checked(new WitnessKeys(keys, token), home);
        }
        catch (Exception error) when (error is KeyUnavailableException or CommandException)
        {
            await token.DisposeAsync();
            throw error is CommandException ? error : new CommandException(ExitCodes.Environment, $"The token cannot be used: {error.Message}", "Look at the token, and try again.", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var key in All)
        {
            await key.DisposeAsync();
        }

        if (_token is not null)
        {
            await _token.DisposeAsync();
        }
    }

    private static WitnessKeys Checked(WitnessKeys keys, WitnessHome home) => keys.All.Any(key => key.Algorithm == KeyAlgorithm.Ed25519)
        ? keys
        : throw new CommandException(ExitCodes.Environment, $"The witness in {home.Root} has no Ed25519 key, and the place of its keys makes none.", "Run 'agentpki witness init' again, or choose a token that has Ed25519.");

    private static string Label(KeyAlgorithm kind) => $"witness-{kind.Name}";

    private static async Task<ISigningKey?> OpenFileAsync(WitnessHome home, KeyAlgorithm kind, bool make, CancellationToken cancellationToken)
    {
        var path = Path.Combine(home.Keys, $"{kind.Name}.pem");
        if (Pem.TryReadKey(path) is { } pkcs8)
        {
            try
            {
                return SoftwareKeys.ImportSigningKey(Label(kind), KeyPurpose.WitnessCosignature, pkcs8);
            }
            catch (CryptographicException error)
            {
                throw new CommandException(ExitCodes.Environment, $"{path} holds no key that can be used: {error.Message}", "Restore it from its backup.", error);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(pkcs8);
            }
        }

        if (!make || ProviderList.SoftwareOnly.For(kind, KeyCapabilities.Generate | KeyCapabilities.Sign) is not { } provider)
        {
            return null;
        }

        var made = (SoftwareSigningKey)await provider.GenerateAsync(new KeySpec(Label(kind), kind, KeyPurpose.WitnessCosignature), cancellationToken);
        var exported = made.ExportPkcs8();
        PrivateFile.WriteDurably(path, Pem.EncodeKey(exported));
        CryptographicOperations.ZeroMemory(exported);
        return made;
    }

    private static async Task<ISigningKey?> OpenInTokenAsync(Pkcs11Provider token, KeyAlgorithm kind, bool make, CancellationToken cancellationToken)
    {
        if (await token.OpenAsync(Label(kind), cancellationToken) is { } found)
        {
            return found.Purpose == KeyPurpose.WitnessCosignature
                ? found
                : throw new CommandException(ExitCodes.Usage, $"The token's key '{Label(kind)}' is for {found.Purpose}: a witness's key is for nothing else.", "Choose another token.");
        }

        return make && token.CapabilitiesFor(kind).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign)
            ? await token.GenerateAsync(new KeySpec(Label(kind), kind, KeyPurpose.WitnessCosignature), cancellationToken)
            : null;
    }
}
