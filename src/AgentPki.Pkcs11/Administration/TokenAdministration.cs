using System.Security.Cryptography;
using System.Text;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Administration;

/// <summary>Making a token, and looking at one. Used by <c>up</c>, ceremonies and <c>doctor</c>; calls block, so not on any request's path.</summary>
public sealed class TokenAdministration
{
    private const ulong SessionFlags = CKF.CKF_SERIAL_SESSION | CKF.CKF_RW_SESSION;

    private readonly TokenModule _module;
    private readonly Pkcs11Options _options;

    private TokenAdministration(TokenModule module, Pkcs11Options options) => (_module, _options) = (module, options);

    /// <summary>
    /// Initialises a token of the options' label with the PINs in two files; files that do not exist are made with random PINs and mode 0600. A token that
    /// is initialised already is left alone; one whose initialisation was interrupted is finished.
    /// </summary>
    /// <returns>True when it was made now.</returns>
    /// <exception cref="TokenCallException">The token refused.</exception>
    /// <exception cref="NotSupportedException">This kind of token is initialised with its maker's own tool.</exception>
    /// <exception cref="InvalidOperationException">The module has no free token.</exception>
    public static bool EnsureToken(Pkcs11Options options, string securityOfficerPinFile) => With(options, a => a.Ensure(securityOfficerPinFile), alone: true);

    /// <summary>All tokens of the module, uninitialised ones included.</summary>
    /// <exception cref="TokenCallException">The module refused.</exception>
    public static IReadOnlyList<TokenDetails> ListTokens(Pkcs11Options options) => With(options, a => TokenInformation.All(a._module.Library)
        .Select(t => new TokenDetails(t.Label, t.Serial, t.Manufacturer, t.Model, t.Firmware, a.CryptokiVersion(), t.IsInitialized, t.HasUserPin)).ToList());

    /// <summary>The token's mechanisms by name, or by number where no standard up to v2.40 names them.</summary>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static IReadOnlyList<string> ListMechanisms(Pkcs11Options options) => With(options, a =>
        TokenInformation.Mechanisms(a._module.Library, a.Find().Slot).Select(CryptokiNames.Mechanism).Order(StringComparer.Ordinal).ToList());

    /// <summary>The interfaces that the module names (<c>PKCS 11 3.2</c>); none for one older than PKCS#11 v3.0.</summary>
    /// <exception cref="TokenCallException">The module refused.</exception>
    public static IReadOnlyList<string> ListInterfaces(Pkcs11Options options) => With(options, _ => Cryptoki32.Interfaces(Path.GetFullPath(options.ModulePath)));

    /// <summary>Whether the module has the functions of PKCS#11 v3.2 for key encapsulation.</summary>
    internal static bool HasEncapsulation(Pkcs11Options options) => With(options, a => a._module.Version32 is not null);

    /// <summary>Private and secret keys with the attributes that tell whether they can leave.</summary>
    /// <exception cref="TokenCallException">The token refused, the PIN perhaps.</exception>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static IReadOnlyList<TokenKeyDetails> ListKeys(Pkcs11Options options) => With(options, a => a.Keys());

    private static T With<T>(Pkcs11Options options, Func<TokenAdministration, T> work, bool alone = false)
    {
        options.Validate();
        var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        (alone ? (Action)module.EnterAlone : module.Enter)();
        try
        {
            return work(new TokenAdministration(module, options));
        }
        finally
        {
            (alone ? (Action)module.ExitAlone : module.Exit)();
            module.Release();
        }
    }

    private bool Ensure(string soPinFile)
    {
        var how = _options.Token.Initialization ?? throw new NotSupportedException($"A token of kind '{_options.Token.Name}' is initialised with its maker's own tool.");
        var found = TokenInformation.All(_module.Library).FirstOrDefault(t => t.Label == (how.FixedLabel ?? _options.TokenLabel) && (t.IsInitialized || how.FixedLabel is not null));
        if (found is { HasUserPin: true })
        {
            return false;
        }

        PinFile.CreateRandom(soPinFile);
        PinFile.CreateRandom(_options.PinFile);
        if (found is null)
        {
            InitializeToken(_options.TokenLabel, soPinFile);
            found = Find();
        }

        SetUserPin(found, how.EmptySoPin ? null : soPinFile, _options.PinFile);
        return true;
    }

    private IReadOnlyList<TokenKeyDetails> Keys()
    {
        var handle = OpenSession(Find());
        try
        {
            PinGuard.LogIn(_module, handle, _options.TokenLabel, _options.PinFile);
            return KeyListing.Read(new TokenSession(_module, handle, epoch: 0), _options.Token);
        }
        finally
        {
            _ = _module.Library.C_CloseSession(handle);
        }
    }

    private string CryptokiVersion()
    {
        var info = default(CK_INFO);
        Check(_module.Library.C_GetInfo(ref info), "C_GetInfo");
        return $"{info.CryptokiVersion}";
    }

    private TokenInformation Find()
    {
        try
        {
            return TokenInformation.Find(_module.Library, _options.TokenLabel, _options.TokenSerial);
        }
        catch (TokenNotFoundException e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
    }

    private void InitializeToken(string label, string soPinFile)
    {
        var free = TokenInformation.FindFreeSlot(_module.Library)
            ?? throw new InvalidOperationException("The module has no uninitialised token left; remove one, or name an existing token.");
        var padded = Encoding.UTF8.GetBytes(label.PadRight(32));
        var pin = PinFile.Read(soPinFile);
        try
        {
            Check(_module.Library.C_InitToken(free, pin, (ulong)pin.Length, padded), $"C_InitToken('{label}')");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    private void SetUserPin(TokenInformation token, string? soPinFile, string userPinFile)
    {
        var library = _module.Library;
        var soPin = soPinFile is null ? [] : PinFile.Read(soPinFile);
        var userPin = PinFile.Read(userPinFile);
        var session = OpenSession(token);
        try
        {
            Check(library.C_Login(session, CKU.CKU_SO, soPin, (ulong)soPin.Length), $"C_Login(CKU_SO, token '{token.Label}')");
            Check(library.C_InitPIN(session, userPin, (ulong)userPin.Length), $"C_InitPIN(token '{token.Label}')");
            Check(library.C_Logout(session), "C_Logout");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(soPin);
            CryptographicOperations.ZeroMemory(userPin);
            _ = library.C_CloseSession(session);
        }
    }

    private ulong OpenSession(TokenInformation token)
    {
        ulong session = 0;
        Check(_module.Library.C_OpenSession(token.Slot, SessionFlags, IntPtr.Zero, IntPtr.Zero, ref session), $"C_OpenSession(token '{token.Label}')");
        return session;
    }

    private static void Check(CKR code, string call)
    {
        if (code != CKR.CKR_OK)
        {
            throw new TokenCallException(call, (ulong)code);
        }
    }
}
